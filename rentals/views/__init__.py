"""The pages of buying, waiting and looking back; each module has one page or fragment."""
