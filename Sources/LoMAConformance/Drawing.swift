// Drawings.
