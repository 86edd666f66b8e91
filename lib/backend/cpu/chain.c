/* Elementwise chains, a block at a time, which stays in the nearest cache from one stage to the next. */
#include "backend/cpu/rows.h"

#include "backend/chain.h"

#define BLOCK ((size_t)2048) /* elements */

typedef struct chain {
  const slim_cpu_step *step;
  int count;
  slim_chain_stage stage[SLIM_CHAIN_STAGES];
} chain;

/* Some elements of an operand. */
typedef struct operand {
  const float *x;
  size_t step; /* 0: one element for all */
} operand;

static operand operand_of(const slim_view *view, size_t at)
{
  const size_t step = elements_of(view) > 1;
  return (operand){ (const float *)view->host + at * step, step };
}

static void run_stage(const slim_chain_stage *s, operand v, operand other, float *y, size_t n)
{
  const operand a = s->first ? other : v, b = s->first ? v : other;
  const slim_node *node = s->node;
  switch (slim_op_id_of(node->op)) {
  case SLIM_OP_ID_unary:
    CPU_OP(unary_row)(node->attr, v.x, y, n);
    break;
  case SLIM_OP_ID_binary:
    CPU_OP(binary_row)(((const slim_binary_attr *)node->attr)->kind, a.x, a.step, b.x, b.step, y, n);
    break;
  case SLIM_OP_ID_activation:
    CPU_OP(activation_row)(((const slim_activation_attr *)node->attr)->kind, v.x, y, n);
    break;
  case SLIM_OP_ID_activation_gradient:
    CPU_OP(activation_gradient_row)(((const slim_activation_attr *)node->attr)->kind, a.x, b.x, y, n);
    break;
  default:
    CPU_OP(binary_row)(SLIM_BINARY_ADD, a.x, a.step, b.x, b.step, y, n);
    break;
  }
}

/* What is between the stages is not written to the result, which may lie where a later stage's operand does. */
static void piece(void *user, size_t begin, size_t end, int worker)
{
  const chain *c = user;
  const slim_cpu_step *step = c->step;
  float block[BLOCK];
  (void)worker;
  for (size_t i = begin, n; i < end; i += n) {
    n = size_min(BLOCK, end - i);
    operand v = operand_of(&step->in[0], i);
    for (int k = 0; k < c->count; k++) {
      const slim_chain_stage *s = &c->stage[k];
      float *y = k + 1 < c->count ? block : (float *)step->out[0].host + i;
      run_stage(s, v, s->other < 0 ? v : operand_of(&step->in[s->other], i), y, n);
      v = (operand){ y, n > 1 };
    }
  }
}

static double flops(const slim_cpu_step *step)
{
  slim_chain_stage stage[SLIM_CHAIN_STAGES];
  return (double)slim_chain_stages(&step->group, stage) * (double)elements_of(&step->out[0]);
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  chain c = { .step = step };
  (void)run_info;
  c.count = slim_chain_stages(&step->group, c.stage);
  slim_cpu_for(step, elements_of(&step->out[0]), CPU_GRAIN, piece, &c);
}

const slim_cpu_op CPU_OP(chain) = { .kernel = "chain", .flops = flops, .run = run };
