/* A kernel a chain, slim_chain_CODE_f32. CODE is x, or s where the chain begins with a single element, and then of each
 * stage: u, a, b or g (unary, activation, binary, activation_gradient), a letter for the kind, and of those with another
 * operand 0, or 1 for a single element, and 2 more where that comes first. */
#include "backend/opencl/chain.h"

#include <stdio.h>
#include <string.h>

#include "backend/chain.h"
#include "kernels/chain_params.h"

#define BEGIN "slim_chain_"
#define LINE 192

_Static_assert(SLIM_CHAIN_STAGES_MOST == SLIM_CHAIN_STAGES, "the kernels' parameters hold all stages");

/* --- the name ----------------------------------------------------------------------------------------------------- */

static bool is_single(const slim_view *view)
{
  return slim_shape_elements(&view->shape) == 1;
}

static int kind_of(const slim_node *node)
{
  switch (slim_op_id_of(node->op)) {
  case SLIM_OP_ID_unary:
    return (int)((const slim_unary_attr *)node->attr)->kind;
  case SLIM_OP_ID_binary:
    return (int)((const slim_binary_attr *)node->attr)->kind;
  case SLIM_OP_ID_add_n:
    return (int)SLIM_BINARY_ADD;
  default:
    return (int)((const slim_activation_attr *)node->attr)->kind;
  }
}

static char letter_of(const slim_node *node)
{
  switch (slim_op_id_of(node->op)) {
  case SLIM_OP_ID_unary:
    return 'u';
  case SLIM_OP_ID_activation:
    return 'a';
  case SLIM_OP_ID_activation_gradient:
    return 'g';
  default:
    return 'b';
  }
}

static void append_stage(const slim_cl_build *b, const slim_chain_stage *s, char *name)
{
  char *end = name + strlen(name);
  *end++ = letter_of(s->node);
  *end++ = (char)('a' + kind_of(s->node));
  if (s->other >= 0) {
    *end++ = (char)('0' + is_single(&b->in[s->other]) + 2 * s->first);
  }
  *end = '\0';
}

/* --- the text ----------------------------------------------------------------------------------------------------- */

bool slim_cl_chain_is(const char *kernel)
{
  return strncmp(kernel, BEGIN, strlen(BEGIN)) == 0;
}

/* Where input k's elements come from, in vectors or one by one. */
static void operand(char *text, int k, bool single, bool vectors)
{
  snprintf(text, LINE, single ? (vectors ? "(SLIM_FLOATW)(x%d[0])" : "x%d[0]") : (vectors ? "SLIM_LOADW(0, x%d + i)" : "x%d[k]"),
           k);
}

static int inputs_of(const char *code)
{
  int inputs = 1;
  for (; *code != '\0' && *code != '_'; code++) {
    inputs += *code >= '0' && *code <= '3';
  }
  return inputs;
}

/* The stages, which make v. */
static void append_stages(slim_bytes *out, const char *code, bool vectors)
{
  const char *type = vectors ? "SLIM_FLOATW" : "float";
  char line[2 * LINE], other[LINE];
  operand(other, 0, *code++ == 's', vectors);
  snprintf(line, sizeof(line), "    %s v = %s;\n", type, other);
  slim_bytes_append_text(out, line);
  for (int stage = 0, input = 1; *code != '_'; stage++) {
    const char letter = *code++;
    const int kind = *code++ - 'a';
    if (letter == 'u') {
      snprintf(line, sizeof(line), "    v = SLIM_UNARY(%s, v, %d, p.a[%d], p.b[%d]);\n", type, kind, stage, stage);
    } else if (letter == 'a') {
      snprintf(line, sizeof(line), "    v = SLIM_ACTIVATE(%s, v, %d);\n", type, kind);
    } else {
      const int how = *code++ - '0';
      operand(other, input++, how % 2 != 0, vectors);
      snprintf(line, sizeof(line), "    { const %s w = %s; v = SLIM_%s(%s, %s, %d); }\n", type, other,
               letter == 'g' ? "ACTIVATE_GRADIENT" : "BINARY", type, how >= 2 ? "w, v" : "v, w", kind);
    }
    slim_bytes_append_text(out, line);
  }
}

void slim_cl_chain_append(const char *kernel, slim_bytes *out)
{
  const char *code = kernel + strlen(BEGIN);
  const int inputs = inputs_of(code);
  char line[LINE];
  snprintf(line, sizeof(line), "#line 1 \"%s\"\n\n__kernel void %s(", kernel, kernel);
  slim_bytes_append_text(out, line);
  for (int i = 0; i < inputs; i++) {
    snprintf(line, sizeof(line), "SLIM_TENSOR(const float, x%d), ", i);
    slim_bytes_append_text(out, line);
  }
  slim_bytes_append_text(out, "SLIM_TENSOR(float, y), const slim_chain_params p)\n{\n");
  for (int i = 0; i < inputs; i++) {
    snprintf(line, sizeof(line), "  SLIM_OPEN(const float, x%d);\n", i);
    slim_bytes_append_text(out, line);
  }
  slim_bytes_append_text(out, "  SLIM_OPEN(float, y);\n"
                              "  const uint i = get_global_id(0) * SLIM_WIDTH;\n"
                              "  if (i + SLIM_WIDTH <= p.n) {\n");
  append_stages(out, code, true);
  slim_bytes_append_text(out, "    SLIM_STOREW(v, 0, y + i);\n"
                              "    return;\n"
                              "  }\n"
                              "  for (uint k = i; k < p.n; k++) {\n");
  append_stages(out, code, false);
  slim_bytes_append_text(out, "    y[k] = v;\n"
                              "  }\n"
                              "}\n");
}

/* --- the step ----------------------------------------------------------------------------------------------------- */

static void prepare(slim_cl_build *b)
{
  slim_chain_stage stages[SLIM_CHAIN_STAGES];
  slim_chain_params p = { .n = slim_cl_elements(&b->out[0]) };
  const int count = slim_chain_stages(b->group, stages);
  char name[LINE];
  snprintf(name, sizeof(name), BEGIN "%s", is_single(&b->in[0]) ? "s" : "x");
  for (int i = 0; i < count; i++) {
    const slim_unary_attr *attr = stages[i].node->attr;
    const bool scales = letter_of(stages[i].node) == 'u';
    append_stage(b, &stages[i], name);
    p.a[i] = scales ? attr->a : 0.0f;
    p.b[i] = scales ? attr->b : 0.0f;
  }
  strcat(name, "_f32");
  const char *kernel = slim_cl_kernel_expect(b->device, name);
  if (kernel == NULL) {
    b->status = slim_cl_fail(b->device, SLIM_ERR_MEMORY, "%s: out of memory", b->device->info.selector);
    return;
  }
  slim_cl_begin(b, kernel);
  for (int i = 0; i < b->group->num_in; i++) {
    slim_cl_arg_view(b, &b->in[i]);
  }
  slim_cl_arg_view(b, &b->out[0]);
  slim_cl_arg(b, &p, sizeof(p));
  slim_cl_range_vectors(b, p.n);
}

const slim_cl_op slim_cl_op_chain = { .prepare = prepare };
