/* A LoMA candidate that can lay out texts: the place to start a port in C.
 *
 *     cc -std=c11 -O2 -o port port.c && loma conform -- ./port
 *
 * It speaks protocol 1 (Spec/13-protocol.md) with the C library alone: one JSON object a line comes in on standard
 * input, one goes out on standard output, tensors travel in safetensors files of the working directory. It answers
 * `layout` of the profile base in full, and says `unsupported` to everything else. Go on where it says NEXT.
 * It takes a machine whose integers are little-endian, as the files are.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* NEXT: name an operation in `ops` and answer it in `run`; "mask" comes next, then "schedule", "metrics" and "cost".
 * `dtypes` holds the element types of your numbers: "f64", "f32", "bf16", "f16". A profile is the axes that differ
 * from base; {} is base itself, "any" instead of the list stands for all of them. `families` holds what you compute
 * beside a plain Llama: "linear", "dynamic", "llama3", "yarn" (types of rotation), "biases", "mistral", "qwen2",
 * "qwen3"; a model that needs what is not listed is not asked about, nor is your own. `captures` is true once
 * `forward` returns the tensors that a request names under "capture" (MOD-7). */
static const char *const hello =
    "{\"protocol\":1,\"name\":\"my-port\",\"version\":\"0.1\",\"ops\":[\"layout\"],\"dtypes\":[],\"profiles\":[{}],"
    "\"families\":[],\"captures\":false}";

/* Spec/registry.md: every axis and its values, the default first. */
static const char *const axes[][5] = {
    {"memory_positions", "span_end", "span_start"},
    {"numbering", "text", "sequential", "generation", "compressed"},
    {"memory_context", "past_memories", "own_chunk"},
    {"memory_attention", "bidirectional", "causal"},
    {"repetition_context", "own_memory", "past_memories"},
    {"repetition_attention", "causal", "bidirectional", "self_only"},
    {"repetition_labels", "aligned", "shifted"},
};

/* ---- memory: everything of a request is freed together ---- */

typedef struct block {
  struct block *next;
  int64_t aligned[];
} block;

static block *blocks;

static void stop(const char *why) {
  fprintf(stderr, "port: %s\n", why);
  exit(1);
}

static void *take(size_t count, size_t size) {
  if (size != 0 && count > (SIZE_MAX - sizeof(block)) / size) stop("too large");
  block *b = calloc(1, sizeof(block) + count * size);
  if (!b) stop("out of memory");
  b->next = blocks;
  blocks = b;
  return b->aligned;
}

static void free_all(void) {
  while (blocks) {
    block *next = blocks->next;
    free(blocks);
    blocks = next;
  }
}

/* ---- JSON: as much as requests and headers need ---- */

typedef struct json {
  char kind;          /* { [ " # (a number) t f n */
  const char *key;    /* in an object */
  const char *text;   /* of a string */
  int64_t integer;    /* of a number that is one */
  struct json *first; /* of an object or an array */
  struct json *next;  /* in the same object or array */
} json;

typedef struct {
  const char *at, *end;
} reader;

static void skip(reader *r) {
  while (r->at < r->end && strchr(" \t\r\n", *r->at) && *r->at) r->at++;
}

static int accept(reader *r, char c) {
  skip(r);
  if (r->at == r->end || *r->at != c) return 0;
  r->at++;
  return 1;
}

static void expect(reader *r, char c) {
  if (!accept(r, c)) stop("malformed JSON");
}

/* A string behind its opening quote. Of \u escapes only ASCII is kept: no name of the protocol has another. */
static const char *read_string(reader *r) {
  char *text = take((size_t)(r->end - r->at) + 1, 1), *to = text;
  while (r->at < r->end && *r->at != '"') {
    char c = *r->at++;
    if (c == '\\') {
      if (r->at == r->end) break;
      c = *r->at++;
      static const char letters[] = "nrtbf", meanings[] = "\n\r\t\b\f";
      const char *place = strchr(letters, c);
      if (c == 'u') {
        unsigned code = 0;
        if (r->end - r->at < 4 || sscanf(r->at, "%4x", &code) != 1) stop("JSON with a wrong escape");
        r->at += 4;
        c = code > 0 && code < 128 ? (char)code : '?';
      } else if (c && place) {
        c = meanings[place - letters];
      }
    }
    *to++ = c;
  }
  expect(r, '"');
  return text;
}

static json *read_value(reader *r, int depth) {
  json *value = take(1, sizeof(json));
  skip(r);
  if (depth > 32 || r->at == r->end) stop("JSON too deep, or cut off");
  value->kind = *r->at;
  if (accept(r, '{') || accept(r, '[')) {
    char close = value->kind == '{' ? '}' : ']';
    json **tail = &value->first;
    if (accept(r, close)) return value;
    do {
      const char *key = NULL;
      if (close == '}') {
        expect(r, '"');
        key = read_string(r);
        expect(r, ':');
      }
      *tail = read_value(r, depth + 1);
      (*tail)->key = key;
      tail = &(*tail)->next;
    } while (accept(r, ','));
    expect(r, close);
  } else if (accept(r, '"')) {
    value->text = read_string(r);
  } else {
    const char *start = r->at;
    while (r->at < r->end && !strchr(",]} \t\r\n", *r->at)) r->at++;
    if (r->at == start) stop("malformed JSON");
    if (strchr("-0123456789", value->kind)) {
      value->kind = '#';
      value->integer = strtoll(start, NULL, 10);
    }
  }
  return value;
}

/* A number ends at the first byte that does not belong to it, so a 0 must follow `end`. */
static json *parse(const char *text, size_t size) {
  reader r = {text, text + size};
  return read_value(&r, 0);
}

static json *member(const json *object, const char *key) {
  for (json *m = object && object->kind == '{' ? object->first : NULL; m; m = m->next)
    if (strcmp(m->key, key) == 0) return m;
  return NULL;
}

static const char *word(const json *object, const char *key) {
  json *m = member(object, key);
  return m && m->kind == '"' ? m->text : "";
}

static int64_t integer(const json *object, const char *key) {
  json *m = member(object, key);
  if (!m || m->kind != '#') stop("an integer is missing");
  return m->integer;
}

/* ---- files: safetensors, https://github.com/huggingface/safetensors ---- */

typedef struct {
  int64_t *values;
  int64_t count;
} integers;

static char *read_file(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END) != 0) stop("an input cannot be read");
  long length = ftell(file);
  if (length < 8) stop("an input that is not a safetensors file");
  rewind(file);
  char *data = take((size_t)length + 1, 1);
  if (fread(data, 1, (size_t)length, file) != (size_t)length) stop("an input cannot be read");
  fclose(file);
  *size = (size_t)length;
  return data;
}

/* The elements of an I64 tensor of a file in memory. */
static integers tensor(const char *data, size_t size, const char *name) {
  uint64_t header;
  memcpy(&header, data, 8);
  if (header > size - 8) stop("an input that is not a safetensors file");
  char *text = take(header + 1, 1);
  memcpy(text, data + 8, header);
  json *entry = member(parse(text, header), name), *offsets = member(entry, "data_offsets");
  if (strcmp(word(entry, "dtype"), "I64") != 0 || !offsets || !offsets->first || !offsets->first->next)
    stop("an input lacks a tensor of integers");
  int64_t begin = offsets->first->integer, end = offsets->first->next->integer;
  if (begin < 0 || begin > end || (uint64_t)end > size - 8 - header) stop("an input with wrong offsets");
  integers found = {take((size_t)(end - begin) / 8 + 1, 8), (end - begin) / 8};
  memcpy(found.values, data + 8 + header + begin, (size_t)found.count * 8);
  return found;
}

/* A file of tensors of one shape [rows, columns]. */
static void write_file(const char *path, const char *const *names, int64_t **arrays, int count, int64_t rows,
                       int64_t columns) {
  char header[4096];
  size_t length = 0;
  int64_t bytes = rows * columns * 8;
  for (int k = 0; k < count; k++)
    length += (size_t)snprintf(
        header + length, sizeof header - length,
        "%c\"%s\":{\"dtype\":\"I64\",\"shape\":[%" PRId64 ",%" PRId64 "],\"data_offsets\":[%" PRId64 ",%" PRId64 "]}",
        k ? ',' : '{', names[k], rows, columns, k * bytes, (k + 1) * bytes);
  header[length++] = '}';
  while (length % 8) header[length++] = ' ';
  uint64_t word = length;
  FILE *file = fopen(path, "wb");
  if (!file) stop("an output cannot be written");
  fwrite(&word, 8, 1, file);
  fwrite(header, 1, length, file);
  for (int k = 0; k < count; k++) fwrite(arrays[k], 1, (size_t)bytes, file);
  if (ferror(file) || fclose(file) != 0) stop("an output cannot be written");
}

/* ---- chapter 1: parameters, in the order of the list of rejections (OPS-6) ---- */

/* The code of what PAR-1 to PAR-3 and the registry reject, or NULL. */
static const char *rejection(const json *request, integers tokens) {
  const json *params = member(request, "params"), *profile = member(request, "profile");
  int64_t c = integer(params, "c"), t = integer(params, "t"), size = integer(params, "text_vocabulary");
  int64_t memory = integer(params, "memory_token"), repetition = integer(params, "repetition_token");
  int64_t model = integer(params, "model_vocabulary");
  if (c < 1) return "ratio-below-one";
  if (t < 1) return "memory-length-below-one";
  if (t > INT64_MAX / c) return "chunk-too-long";
  if (size < 1) return "vocabulary-size-out-of-range";
  if (memory < size || repetition < size) return "special-token-in-text-vocabulary";
  if (memory == repetition) return "equal-special-tokens";
  if (memory >= model || repetition >= model) return "no-room-for-special-token";
  for (int64_t i = 0; i < tokens.count; i++)
    if (tokens.values[i] < 0 || tokens.values[i] >= size) return "text-token-out-of-range";
  const char *found = NULL;
  for (json *axis = profile ? profile->first : NULL; axis; axis = axis->next) {
    size_t a = 0, v = 1, count = sizeof axes / sizeof *axes;
    while (a < count && strcmp(axes[a][0], axis->key) != 0) a++;
    if (a == count) return "unknown-axis";
    while (v < 5 && axes[a][v] && strcmp(axes[a][v], axis->kind == '"' ? axis->text : "") != 0) v++;
    if (v == 5 || !axes[a][v]) found = "unknown-alternative";
  }
  return found;
}

/* Whether every axis has its default. */
static int is_base(const json *profile) {
  for (json *axis = profile ? profile->first : NULL; axis; axis = axis->next)
    for (size_t a = 0; a < sizeof axes / sizeof *axes; a++)
      if (strcmp(axes[a][0], axis->key) == 0 && strcmp(axes[a][1], axis->text) != 0) return 0;
  return 1;
}

/* ---- chapters 2, 3 and 5: rows, positions and labels of the profile base ---- */

enum { READING, MEMORY, REPETITION, PAD, NONE = -1 };
enum { TOKENS, ZONES, CHUNKS, INDICES, POSITIONS, LABELS, COLUMNS };
static const char *const names[COLUMNS] = {"tokens", "zones", "chunks", "indices", "positions", "labels"};

typedef struct {
  int64_t c, t, memory, repetition;
  int training;
} parameters;

/* LAY-4, LAY-5. */
static int64_t row_count(int64_t n, const parameters *p) {
  int64_t length = p->c * p->t, full = n / length;
  return n + full * (p->t + (p->training ? length : 0));
}

static void put(int64_t **out, int64_t row, int64_t token, int64_t zone, int64_t chunk, int64_t index,
                int64_t position, int64_t label) {
  int64_t values[COLUMNS] = {token, zone, chunk, index, position, label};
  for (int k = 0; k < COLUMNS; k++) out[k][row] = values[k];
}

/* The rows of text x of n tokens, from `row` on; returns the one behind the last. */
static int64_t lay_out(int64_t **out, int64_t row, const int64_t *x, int64_t n, const parameters *p) {
  int64_t length = p->c * p->t; /* L, PAR-1 */
  for (int64_t start = 0; start < n; start += length) {
    int64_t chunk = start / length, count = n - start < length ? n - start : length;
    for (int64_t g = start; g < start + count; g++) /* POS-1; the label is the next token (LOS-1) */
      put(out, row++, x[g], READING, chunk, g - start, g, g + 1 < n ? x[g + 1] : NONE);
    if (count < length) break; /* the tail has reading rows only (LAY-2) */
    for (int64_t j = 0; j < p->t; j++) /* POS-2: a memory row stands at the end of its span */
      put(out, row++, p->memory, MEMORY, chunk, j, start + (j + 1) * p->c - 1, NONE);
    for (int64_t g = start; p->training && g < start + count; g++) /* POS-3, LOS-3; none in generation (LAY-5) */
      put(out, row++, p->repetition, REPETITION, chunk, g - start, g, x[g]);
    if (start > INT64_MAX - length) break;
  }
  return row;
}

/* ---- the conversation ---- */

/* One line; it must begin with {"loma":1 to be told from whatever libraries print. */
static void reply(int64_t id, const char *format, ...) {
  va_list values;
  va_start(values, format);
  printf("{\"loma\":1,\"id\":%" PRId64 ",", id);
  vprintf(format, values);
  printf("}\n");
  va_end(values);
  if (fflush(stdout) != 0) stop("standard output is gone");
}

static void run(const json *request, int64_t id) {
  const json *params = member(request, "params");
  if (strcmp(word(request, "op"), "layout") != 0) {
    /* NEXT: one branch for each operation. Where a `forward` brings `embeddings`, feed these rows and not those of
     * the tokens (OPS-4): that is how one layer of your own model is asked alone. */
    reply(id, "\"unsupported\":{\"why\":\"not written yet\"}");
    return;
  }
  size_t size;
  const char *file = read_file(word(request, "input"), &size);
  integers tokens = tensor(file, size, "tokens"), lengths = tensor(file, size, "lengths");
  const char *code = rejection(request, tokens);
  if (code) {
    reply(id, "\"reject\":{\"code\":\"%s\"}", code);
    return;
  }
  if (!is_base(member(request, "profile"))) {
    reply(id, "\"unsupported\":{\"why\":\"the profile base alone\"}");
    return;
  }
  parameters p = {integer(params, "c"), integer(params, "t"), integer(params, "memory_token"),
                  integer(params, "repetition_token"), strcmp(word(params, "layout"), "training") == 0};
  int64_t rows = 0, start = 0, *out[COLUMNS];
  for (int64_t b = 0; b < lengths.count; b++) {
    int64_t n = lengths.values[b];
    if (n < 0 || n > tokens.count - start) stop("lengths beyond the tokens");
    if (row_count(n, &p) > rows) rows = row_count(n, &p);
    start += n;
  }
  for (int k = 0; k < COLUMNS; k++) out[k] = take((size_t)(lengths.count * rows) + 1, 8);
  start = 0;
  for (int64_t b = 0; b < lengths.count; b++) {
    int64_t row = lay_out(out, b * rows, tokens.values + start, lengths.values[b], &p);
    while (row < (b + 1) * rows) put(out, row++, 0, PAD, NONE, NONE, 0, NONE); /* MSK-11 */
    start += lengths.values[b];
  }
  write_file(word(request, "output"), names, out, COLUMNS, lengths.count, rows);
  reply(id, "\"ok\":{}");
}

int main(void) {
  enum { LIMIT = 1 << 20 }; /* the longest line of the protocol */
  static char line[LIMIT + 2];
  while (fgets(line, sizeof line, stdin)) {
    json *message = parse(line, strlen(line));
    const char *command = word(message, "cmd");
    int64_t id = integer(message, "id");
    if (strcmp(command, "stop") == 0) break;
    if (strcmp(command, "hello") == 0)
      reply(id, "\"ok\":%s", hello);
    else
      run(message, id);
    free_all();
  }
  free_all();
  return 0;
}
