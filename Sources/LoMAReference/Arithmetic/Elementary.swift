// Correctly rounded elementary functions (NUM-2).
