"""How the File source gets at a file of text and makes rows of it.

The rules of types and values are those of the vendor's connector (which reads through pandas), as measured; where a
module does otherwise it says so.
"""
