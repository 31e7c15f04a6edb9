"""What the API is, written once: a document for programs, and a page made from it for people."""
