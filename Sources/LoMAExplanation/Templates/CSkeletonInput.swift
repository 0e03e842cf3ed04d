// The skeleton of a candidate in C11, first part: memory and JSON.

/// port.c up to its files: memory and JSON.
let cSkeletonInput = #"""
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
   * from base; {} is base itself, "any" instead of the list stands for all of them. */
  static const char *const hello =
      "{\"protocol\":1,\"name\":\"my-port\",\"version\":\"0.1\",\"ops\":[\"layout\"],\"dtypes\":[],\"profiles\":[{}]}";

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
    if (!accept(r, c)) stop("JSON that is none");
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
      if (r->at == start) stop("JSON that is none");
      if (strchr("-0123456789", value->kind)) {
        value->kind = '#';
        value->integer = strtoll(start, NULL, 10);
      }
    }
    return value;
  }

  /* Numbers are read up to a byte that is none, so the text must end with a 0 behind `end`. */
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
  """#
