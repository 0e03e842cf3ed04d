// What Embedded Swift asks of a C library, for a module that has none: memory in blocks of powers of two that are used
// again once freed, and plain loops. Compiled with -fno-builtin, or the loops would become calls of themselves.

typedef __SIZE_TYPE__ size_t;
typedef unsigned char byte;

extern byte __heap_base;
static byte *top = 0;
static byte *free_lists[32];

// Blocks are powers of two; a header word before each holds the exponent, and free blocks are chained by size.
int posix_memalign(void **result, size_t alignment, size_t size) {
  unsigned exponent = 4;
  while (((size_t)1 << exponent) < size) exponent++;
  if (alignment < 16) alignment = 16;
  if (alignment == 16 && free_lists[exponent]) {
    *result = free_lists[exponent];
    free_lists[exponent] = *(byte **)*result;
    return 0;
  }
  if (!top) top = &__heap_base;
  byte *block = (byte *)(((size_t)top + 16 + alignment - 1) & ~(alignment - 1));
  byte *end = block + ((size_t)1 << exponent);
  size_t pages = __builtin_wasm_memory_size(0);
  if ((size_t)end > pages * 65536) {
    size_t missing = ((size_t)end - pages * 65536 + 65535) / 65536;
    if (__builtin_wasm_memory_grow(0, missing) == (size_t)-1) return 12;
  }
  *(unsigned *)(block - 16) = exponent;
  top = end;
  *result = block;
  return 0;
}

void free(void *block) {
  if (!block) return;
  unsigned exponent = *(unsigned *)((byte *)block - 16);
  *(byte **)block = free_lists[exponent];
  free_lists[exponent] = block;
}

void *memcpy(void *to, const void *from, size_t count) {
  for (size_t i = 0; i < count; i++) ((byte *)to)[i] = ((const byte *)from)[i];
  return to;
}

void *memmove(void *to, const void *from, size_t count) {
  if ((byte *)to <= (const byte *)from) return memcpy(to, from, count);
  while (count-- > 0) ((byte *)to)[count] = ((const byte *)from)[count];
  return to;
}

void *memset(void *to, int value, size_t count) {
  for (size_t i = 0; i < count; i++) ((byte *)to)[i] = (byte)value;
  return to;
}

int memcmp(const void *a, const void *b, size_t count) {
  for (size_t i = 0; i < count; i++) {
    int difference = ((const byte *)a)[i] - ((const byte *)b)[i];
    if (difference) return difference;
  }
  return 0;
}

// What every empty array points to: no class, immortal, no element, no capacity. The compiler's own is weak and only
// 4-aligned, so it stands anywhere; a span of it asks for an address that is right for its elements, and those of
// SIMD8<Double> want 64 bytes. Without this definition a module traps or does not as the linker pleases (empty.swift).
#ifndef COMPILERS_EMPTY_ARRAY
_Alignas(64) size_t empty_array_storage[4] __asm__("$es23_swiftEmptyArrayStorageSi_S3itvp") = {0, (size_t)-1, 0, 1};
#endif

// Seeds the hashing of sets. Nothing that is written may depend on it, so any bytes do.
void arc4random_buf(void *to, size_t count) { memset(to, 42, count); }

// Stack protection: a value that an overrun would change, and the end of a module where one did.
size_t __stack_chk_guard = 0x5AFE57AC;
void __stack_chk_fail(void) { __builtin_trap(); }

// What unoptimised code calls beside memory functions: the 128-bit product behind an overflow check, and printing, which
// nothing here does.
typedef long long i64;
typedef unsigned long long u64;
typedef struct { u64 low; i64 high; } Wide;

// The compiler's ABI for __int128: the result is written through the first argument.
void __multi3(Wide *result, u64 a, i64 ahigh, u64 b, i64 bhigh) {
  u64 mask = 0xffffffffu, a0 = a & mask, a1 = a >> 32, b0 = b & mask, b1 = b >> 32;
  u64 low = a0 * b0, mid = a1 * b0 + (low >> 32), mid2 = a0 * b1 + (mid & mask);
  result->low = (mid2 << 32) | (low & mask);
  result->high = (i64)(a1 * b1 + (mid >> 32) + (mid2 >> 32) + (u64)ahigh * b + a * (u64)bhigh);
}

int putchar(int character) { return character; }
