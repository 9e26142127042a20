"""What is remembered between runs, behind one port: ids, owners, protection, and of secrets a fingerprint each.

Optional. Holds no secret and no configuration value; knows no kind and prints nothing.
"""
