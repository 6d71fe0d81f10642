"""Decision flows as marketers set them: the default, drafts, published versions, auto-assembly."""
