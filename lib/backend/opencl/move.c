#include "backend/opencl/move.h"

#include "backend/opencl/ops.h"
#include "backend/opencl/strides.h"

#define ITEM_ELEMENTS 4096 /* that a work-item moves, about */
#define WIDTH_LEAST 32     /* elements that lie together and pay for a grid */
#define GRID_MOST 65535    /* along the outer axes: some drivers take no more groups */
#define VECTOR 4

/* Takes the last axis off the walk. */
static int pop(slim_strides_params *s, int *a, int *b)
{
  if (s->rank == 0) {
    return 1;
  }
  s->rank--;
  *a = s->a[s->rank];
  *b = s->b[s->rank];
  return s->dim[s->rank];
}

/* On CPU-like devices runs of elements that lie together, a vector at least; n then counts work-items. */
static bool by_rows(const slim_cl_build *b, slim_move_params *p)
{
  const slim_strides_params *s = &p->strides;
  const int last = s->rank - 1;
  if (!slim_cl_is_cpu(b) || s->a[last] != 1 || s->b[last] != 1 || s->dim[last] < b->cl->vector_width) {
    return false;
  }
  int one = 0;
  p->run = pop(&p->strides, &one, &one);
  p->rows = pop(&p->strides, &p->row_a, &p->row_b);
  p->block = 1 + ITEM_ELEMENTS / p->run;
  p->n = p->n / (unsigned)(p->run * p->rows) * (unsigned)((p->rows + p->block - 1) / p->block);
  if (p->strides.rank == 0) {
    p->strides = (slim_strides_params){ .rank = 1, .dim = { 1 } };
  }
  return true;
}

/* On others rows of elements that lie together, on up to two more axes. */
static bool by_grid(const slim_cl_build *b, const slim_move_params *p, size_t size, slim_move_grid_params *g)
{
  const slim_strides_params *s = &p->strides;
  const int last = s->rank - 1;
  if (slim_cl_is_cpu(b) || size != 4 || s->rank > 3 || s->a[last] != 1 || s->b[last] != 1 ||
      s->dim[last] < WIDTH_LEAST) {
    return false;
  }
  *g = (slim_move_grid_params){ .width = s->dim[last], .rows = 1, .planes = 1, .from = p->from, .to = p->to };
  g->y_width = g->width;
  if (last > 0) {
    g->rows = s->dim[last - 1];
    g->x_row = s->a[last - 1];
    g->y_row = s->b[last - 1];
  }
  if (last > 1) {
    g->planes = s->dim[0];
    g->x_plane = s->a[0];
    g->y_plane = s->b[0];
  }
  return g->rows <= GRID_MOST && g->planes <= GRID_MOST;
}

/* Turns the grid's elements into vectors, where it has whole ones. */
static bool by_vectors(slim_move_grid_params *g)
{
  int *const all[] = { &g->width, &g->x_row, &g->x_plane, &g->y_row, &g->y_plane, &g->left, &g->y_width };
  bool whole = g->from % VECTOR == 0 && g->to % VECTOR == 0;
  for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
    whole = whole && *all[i] % VECTOR == 0;
  }
  for (size_t i = 0; i < sizeof(all) / sizeof(all[0]) && whole; i++) {
    *all[i] /= VECTOR;
  }
  g->from /= whole ? VECTOR : 1;
  g->to /= whole ? VECTOR : 1;
  return whole;
}

/* y: rows and planes of results. */
static void launch_grid(slim_cl_build *b, const slim_view *x, const slim_view *y, slim_move_grid_params g, int rows,
                        int planes)
{
  slim_cl_begin(b, by_vectors(&g) ? "slim_move_grid_b16" : "slim_move_grid_b4");
  slim_cl_arg_view(b, x);
  slim_cl_arg_view(b, y);
  slim_cl_arg(b, &g, sizeof(g));
  slim_cl_range_grid(b, (const size_t[3]){ (size_t)g.y_width, (size_t)rows, (size_t)planes });
}

static const char *naive_of(size_t size, float scale)
{
  return scale != 1.0f ? "slim_move_scaled_f32"
         : size == 4   ? "slim_move_naive_b4"
         : size == 8   ? "slim_move_naive_b8"
                       : "slim_move_naive_b1";
}

void slim_cl_move_scaled(slim_cl_build *b, const slim_view *x, const slim_view *y, const slim_move_params *given)
{
  slim_move_params p = *given;
  const size_t size = slim_dtype_size(x->dtype);
  slim_cl_strides_join(&p.strides);
  if (p.n == 0) {
    return;
  }
  slim_move_grid_params grid;
  if (p.scale == 1.0f && by_grid(b, &p, size, &grid)) {
    launch_grid(b, x, y, grid, grid.rows, grid.planes);
    return;
  }
  const bool rows = size == 4 && by_rows(b, &p);
  slim_cl_begin(b, rows ? "slim_move_rows_b4" : naive_of(size, p.scale));
  slim_cl_arg_view(b, x);
  slim_cl_arg_view(b, y);
  slim_cl_arg(b, &p, sizeof(p));
  if (rows) {
    slim_cl_range_rows(b, p.n);
  } else {
    slim_cl_range(b, p.n);
  }
}

void slim_cl_move(slim_cl_build *b, const slim_view *x, const slim_view *y, const slim_move_params *given)
{
  slim_move_params p = *given;
  p.scale = 1.0f;
  slim_cl_move_scaled(b, x, y, &p);
}

void slim_cl_move_padded(slim_cl_build *b, const slim_view *x, const slim_view *y, const slim_move_params *given)
{
  slim_move_params p = *given;
  slim_move_grid_params g;
  const int all = (int)slim_cl_elements(y);
  slim_cl_strides_join(&p.strides);
  bool grid = p.n > 0 && by_grid(b, &p, slim_dtype_size(x->dtype), &g);
  if (grid) { /* a whole row, or plane, of y is what its next axis steps over */
    const int row = p.strides.rank > 1 ? g.y_row : all, plane = p.strides.rank > 2 ? g.y_plane : all;
    const int to = (int)g.to, rows = plane / row, planes = all / plane;
    g.y_width = g.y_row = row;
    g.y_plane = plane;
    g.left = to % row;
    g.above = to % plane / row;
    g.ahead = to / plane;
    g.to = 0;
    grid = rows <= GRID_MOST && planes <= GRID_MOST;
    if (grid) {
      launch_grid(b, x, y, g, rows, planes);
    }
  }
  if (!grid) {
    slim_cl_zero(b, y, slim_cl_bytes(y));
    slim_cl_move(b, x, y, given);
  }
}

bool slim_cl_move_supports(const slim_device *device, const slim_group *group, const slim_view *in,
                           const slim_view *out)
{
  (void)device;
  (void)group;
  const size_t size = slim_dtype_size(in[0].dtype);
  return in[0].dtype == out[0].dtype && (size == 1 || size == 4 || size == 8);
}
