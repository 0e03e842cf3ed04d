// The skeleton of a candidate in C11, second part: files, layout and conversation.

/// port.c from its files on: safetensors, layout and conversation.
let cSkeletonLayout = #"""
  /* ---- files: safetensors, https://github.com/huggingface/safetensors ---- */

  typedef struct {
    int64_t *values;
    int64_t count;
  } integers;

  static char *read_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0) stop("an input cannot be read");
    long length = ftell(file);
    if (length < 8) stop("an input that is no safetensors file");
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
    if (header > size - 8) stop("an input that is no safetensors file");
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
    if (strcmp(word(request, "op"), "layout") != 0) { /* NEXT: one branch for each operation */
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
  """#
