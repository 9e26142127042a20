"""How the File source gets at a file and makes rows of it: one module a storage, one a format.

The rules of types and values are those of the vendor's connector (which reads through pandas), as measured; where a
module does otherwise it says so.
"""
