// SHIFT bytes of data before whatever is linked behind them: where the compiler's own empty array stands depends on that.
volatile char shifted[SHIFT] = {1};
__attribute__((constructor, used)) static void touch(void) { shifted[0] = 2; }
