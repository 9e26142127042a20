"""What tests of several folders share. Imported as `testing`, from the root of the repository."""
