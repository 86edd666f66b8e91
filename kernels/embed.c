/* Build tool: embed OUT FOLDER PROGRAM=FILE,FILE ... writes a C file that holds each program as a byte array. Lines
 * that include a local file are replaced by that file; #line directives keep the names in build logs right. A program's
 * own macros end with it, but for those called SLIM_, so that programs can be joined. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_SIZE 1024
#define PATH_SIZE 4096
#define BYTES_A_ROW 24
#define MAX_DEPTH 8
#define MACROS_SIZE 16384

typedef struct writer {
  FILE *out;
  size_t column;
  char macros[MACROS_SIZE]; /* a line that ends each */
} writer;

static void fail(const char *what, const char *name)
{
  fprintf(stderr, "embed: %s: %s\n", what, name);
  exit(1);
}

static void put_text(writer *w, const char *text)
{
  for (const char *p = text; *p != '\0'; p++) {
    fprintf(w->out, "%d,", (unsigned char)*p);
    if (++w->column % BYTES_A_ROW == 0) {
      fputc('\n', w->out);
    }
  }
}

/* The name between quotes of an include line, or NULL; the line is cut behind the name. */
static char *included_name(char *line)
{
  char *p = line + strspn(line, " \t");
  if (strncmp(p, "#include \"", 10) != 0) {
    return NULL;
  }
  char *name = p + 10, *end = strchr(name, '"');
  if (end == NULL) {
    return NULL;
  }
  *end = '\0';
  return name;
}

static void put_line_directive(writer *w, int line, const char *name)
{
  char text[PATH_SIZE];
  snprintf(text, sizeof(text), "#line %d \"%s\"\n", line, name);
  put_text(w, text);
}

/* Notes what the line of a .cl file defines. */
static void note_macro(writer *w, const char *line)
{
  char name[96] = "", end[128];
  if (sscanf(line, "#define %95[A-Za-z0-9_]", name) != 1 || strncmp(name, "SLIM_", 5) == 0) {
    return;
  }
  snprintf(end, sizeof(end), "#undef %s\n", name);
  if (strstr(w->macros, end) == NULL) {
    if (strlen(w->macros) + strlen(end) >= sizeof(w->macros)) {
      fail("too many macros", name);
    }
    strcat(w->macros, end);
  }
}

static void put_file(writer *w, const char *folder, const char *name, int depth)
{
  char path[PATH_SIZE], line[LINE_SIZE];
  if (depth > MAX_DEPTH || snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path)) {
    fail("includes too deep or path too long", name);
  }
  FILE *in = fopen(path, "r");
  if (in == NULL) {
    fail("cannot open", path);
  }
  put_line_directive(w, 1, name);
  for (int number = 1; fgets(line, sizeof(line), in) != NULL; number++) {
    if (strchr(line, '\n') == NULL && !feof(in)) {
      fail("line too long", path);
    }
    const char *included = included_name(line);
    if (included == NULL) {
      put_text(w, line);
      if (depth == 0) {
        note_macro(w, line);
      }
      continue;
    }
    put_file(w, folder, included, depth + 1);
    put_line_directive(w, number + 1, name);
  }
  fclose(in);
}

/* program is "name=file,file"; cut into its parts in place. */
static void put_program(writer *w, const char *folder, char *program)
{
  char *files = strchr(program, '=');
  if (files == NULL) {
    fail("expected PROGRAM=FILE,FILE instead of", program);
  }
  *files++ = '\0';
  fprintf(w->out, "static const unsigned char text_%s[] = {\n", program);
  w->column = 0;
  w->macros[0] = '\0';
  for (char *name = strtok(files, ","); name != NULL; name = strtok(NULL, ",")) {
    put_file(w, folder, name, 0);
  }
  put_text(w, w->macros);
  fprintf(w->out, "0 };\n");
}

int main(int argc, char **argv)
{
  if (argc < 4) {
    fail("usage", "embed OUT FOLDER PROGRAM=FILE,FILE ...");
  }
  static writer w;
  w.out = fopen(argv[1], "w");
  if (w.out == NULL) {
    fail("cannot write", argv[1]);
  }
  fprintf(w.out, "#include \"kernels/kernels.h\"\n");
  for (int i = 3; i < argc; i++) {
    put_program(&w, argv[2], argv[i]);
  }
  fprintf(w.out, "const slim_kernel_source slim_kernel_sources[] = {\n");
  for (int i = 3; i < argc; i++) {
    fprintf(w.out, "{ \"%s\", (const char *)text_%s, sizeof(text_%s) - 1 },\n", argv[i], argv[i], argv[i]);
  }
  fprintf(w.out, "};\nconst size_t slim_kernel_source_count = %d;\n", argc - 3);
  if (fclose(w.out) != 0) {
    fail("cannot write", argv[1]);
  }
  return 0;
}
