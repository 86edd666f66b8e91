#include "backend/cpu/gemm.h"

#include "backend/cpu/gemm_slices.h"
#include "backend/cpu/strassen.h"

#define MOST_SEGMENTS 16        /* a power of two that no tile has more rows than */
#define SET_FLOATS 1024         /* rows that far apart do so */
#define IN_PLACE_PANELS 2       /* A serves that few panels without a copy */
#define IN_PLACE_TILES (VL < 16 ? 11 : 18) /* and B that few tiles */
#define FETCHING_PANELS 2       /* the first ones that a tile meets fetch the next tile's rows of an A in place */
#define HELD_SHARE 4            /* part of the second cache that a block of B may take, and the next one while it is fetched */
#define PART_ROWS (8 * TILE_ROWS) /* of A that a task with more than M_BLOCK holds in the second cache at a time */
#define TURNED_ROWS 3           /* pieces of rows for which a transposed B is packed once, and not by each */

typedef struct job {
  gemm g;
  cut cut;
  float *scratch; /* per worker */
  float *partial; /* per slice a C, when there are slices */
  bool stream;    /* C goes past the caches */
  int workers;
  size_t held;    /* floats of a block of B, at most, that the second cache holds twice, and A */
} job;

/* Floats of scratch of a worker: a block of A, one of B. */
#define A_COPIED ((size_t)M_BLOCK * LDA)
#define A_PACKED ((size_t)(M_BLOCK / TILE_ROWS) * A_STEP)
#define A_FLOATS (A_COPIED > A_PACKED ? A_COPIED : A_PACKED)
#define B_FLOATS ((size_t)N_BLOCK * TILE_COLUMNS * K_BLOCK)
#define SCRATCH (A_FLOATS + B_FLOATS)

/* --- a task: a piece of rows, of columns and of the depth, or a block of it ---------------------------------------- */

typedef struct task {
  const job *j;
  int m0, m1, n0, n1, k0, k1;
  int worker;
  float *a, *b; /* scratch */
  bool in_place, b_in_place; /* A, B are read as they lie, not copied to a, b */
  float *c;            /* where the sums go: C or a slice's partial C */
  bool stream;         /* they go past the caches */
  bool first, last;    /* the sums begin with it; they end, and the epilogue belongs to it */
  const struct task *next; /* block that the worker will probably run, NULL: none */
} task;

static int depth_of(const task *t)
{
  return t->k1 - t->k0;
}

/* What a tile does at its end. */
static void set_end(const task *t, tile *tl)
{
  tl->accumulate = !t->first;
  if (t->last) {
    set_epilogue(&t->j->g, tl);
  }
  tl->stream = t->stream && t->first && t->last;
}

/* Does A serve as it lies? Where a tile's rows follow one another without gaps, and for few panels; not where the rows
 * would share cache sets. */
static bool reads_in_place(const task *t)
{
  const gemm *g = &t->j->g;
  if (g->source) {
    return false;
  }
  if (!g->a_transposed && g->lda == (size_t)depth_of(t) && g->lda <= K_BLOCK) {
    return true;
  }
  return t->n1 - t->n0 <= IN_PLACE_PANELS * TILE_COLUMNS &&
         (g->a_transposed || g->lda % SET_FLOATS != 0 || t->m1 - t->m0 == 1);
}

/* Does B? Where whole vectors end with its rows, and for few tiles: packing it would take longer than they gain. */
static bool reads_b_in_place(const task *t)
{
  const gemm *g = &t->j->g;
  return !g->b_packed && !g->b_half && !g->b_transposed && g->n % VL == 0 && g->ldb % SET_FLOATS != 0 &&
         tiles_of(t->m1 - t->m0) <= IN_PLACE_TILES;
}

/* Where the tile finds its rows of A, from begin on: in A itself or in its copy. */
static void find_a(const task *t, int tile_number, int begin, tile *tl)
{
  const gemm *g = &t->j->g;
  if (g->a_transposed) {
    tl->a = t->in_place ? g->a + (size_t)t->k0 * g->lda + t->m0 + begin : t->a + (size_t)tile_number * A_STEP;
    tl->stride = t->in_place ? g->lda : TILE_STRIDE;
    return;
  }
  tl->stride = t->in_place ? g->lda : copied_step(g, depth_of(t));
  tl->a = t->in_place ? g->a + (size_t)(t->m0 + begin) * g->lda + t->k0 : t->a + (size_t)begin * tl->stride;
}

/* Where the tile finds its panel of B, from n on; panels from n0 on are packed in t->b. */
static void find_b(const task *t, int n0, int n, tile *tl)
{
  const gemm *g = &t->j->g;
  tl->b_gap = 0;
  if (t->b_in_place) {
    tl->b = g->b + (size_t)t->k0 * g->ldb + n;
    tl->b_gap = g->ldb - (size_t)panel_width(tl->columns);
  } else {
    tl->b = g->b_packed ? packed_at(g, n, t->k0, depth_of(t)) : t->b + (size_t)(n - n0) * (size_t)depth_of(t);
  }
}

/* What the next block reads, in strips as wide as a panel: a tile fetches one while it computes. */
typedef struct strips {
  const float *first;
  size_t step, across; /* from row to row, from strip to strip */
  int count;
} strips;

/* rows x columns of a matrix from row, column on. Rows without gaps are fetched in the order of memory. */
static strips strips_of(const float *matrix, size_t ld, int row, int column, int rows, int columns)
{
  const bool whole = (size_t)columns == ld;
  return (strips){ matrix + (size_t)row * ld + column, whole ? TILE_COLUMNS : ld,
                   whole ? (size_t)rows * TILE_COLUMNS : TILE_COLUMNS, pieces(columns, TILE_COLUMNS) };
}

/* Columns of B that meet all of a block's A before the next do: all of a B in place, if the second cache holds it with what
 * comes next, so that whole rows of it are fetched. */
static int block_columns(const task *t)
{
  const bool all = t->b_in_place && (size_t)t->j->g.n * K_BLOCK <= t->j->held;
  return all ? t->n1 - t->n0 : N_BLOCK * TILE_COLUMNS;
}

/* B's panels from n on that meet the block together. */
static strips strips_of_b(const task *t, int n)
{
  const gemm *g = &t->j->g;
  const int columns = at_most(block_columns(t), t->n1 - n), depth = depth_of(t);
  if (g->b_half && !g->b_packed) { /* half the memory: packing fetches it */
    return (strips){ 0 };
  }
  if (g->b_packed) {
    return (strips){ packed_at(g, n, t->k0, depth), TILE_COLUMNS, (size_t)depth * TILE_COLUMNS,
                     pieces(columns, TILE_COLUMNS) };
  }
  return g->b_transposed ? strips_of(g->b, g->ldb, n, t->k0, columns, depth)
                         : strips_of(g->b, g->ldb, t->k0, n, depth, columns);
}

/* B's part that comes after panels [.., n1), in this block or the next. */
static strips next_b(const task *t, int n1)
{
  if (n1 < t->n1) {
    return strips_of_b(t, n1);
  }
  const bool same = !t->next || (t->next->n0 == t->n0 && t->next->k0 == t->k0);
  return same ? (strips){ 0 } : strips_of_b(t->next, t->next->n0);
}

/* What the next rows are made of, while the last block of these is at work. */
static strips next_made(const task *t, int n1)
{
  const gemm_source *source = t->j->g.source;
  if (!t->next || n1 < t->n1 || t->next->m0 == t->m0) {
    return (strips){ 0 };
  }
  size_t floats = 0;
  const float *first = source->reads(source, t->next->m0, t->next->m1 - t->next->m0, &floats);
  const int across = depth_of(t) * TILE_COLUMNS;
  return (strips){ first, TILE_COLUMNS, (size_t)across, pieces((int)floats, across) };
}

/* A's part of the next block, while the last panels [.., n1) are at work. */
static strips next_a(const task *t, int n1)
{
  const gemm *g = &t->j->g;
  const task *next = t->next;
  if (g->source) {
    return next_made(t, n1);
  }
  return g->a_transposed && n1 >= t->n1 && next
             ? strips_of(g->a, g->lda, next->k0, next->m0, depth_of(next), next->m1 - next->m0)
             : (strips){ 0 };
}

/* Strips that are fetched by turns: count of every spread turns take the next one. */
typedef struct fetching {
  const float *next;
  size_t step, across;
  int turns; /* left */
  int count, spread, sum;
} fetching;

/* All strips by turns or, of strips without gaps where that is wanted, as much in each turn, so that memory is asked
 * evenly. */
static fetching fetching_of(const strips *s, int turns, bool evenly, int depth)
{
  fetching f = { s->first, s->step, s->across, turns, s->count, at_least(s->count, turns), 0 };
  if (evenly && s->step == TILE_COLUMNS && s->count < turns) {
    f.across = (size_t)s->count * s->across / (size_t)turns;
    f.step = (f.across + (size_t)depth - 1) / (size_t)depth;
    f.count = f.spread;
  }
  return f;
}

static void fetch_some(fetching *f, tile *tl)
{
  f->turns--;
  f->sum += f->count;
  tl->ahead = NULL;
  tl->ahead_step = f->step;
  if (f->count && f->sum >= f->spread) {
    f->sum -= f->spread;
    tl->ahead = f->next;
    f->next += f->across;
  }
}

static bool fetches_rows(const task *t)
{
  return t->in_place && !t->j->g.a_transposed;
}

/* What the turns over a block fetch: B's strips, then A's. */
static void share_turns(const task *t, const strips *b, const strips *a, int turns, fetching *of_b, fetching *of_a)
{
  const int count = a->count + b->count, turns_of_b = count ? (int)((int64_t)turns * b->count / count) : 0;
  *of_b = fetching_of(b, turns_of_b, !fetches_rows(t), depth_of(t));
  *of_a = fetching_of(a, turns - turns_of_b, !fetches_rows(t), depth_of(t));
}

/* What the tile's next run fetches: a strip; of an A without gaps, read in place by rows, the next rows, from m on, with its
 * first panels, by turns that are left. */
static void find_ahead(const task *t, fetching *b, fetching *a, int panel, int m, tile *tl)
{
  const gemm *g = &t->j->g;
  tl->ahead_jump = 0;
  fetch_some(b->turns > 0 ? b : a, tl);
  if (!tl->ahead && panel < FETCHING_PANELS && fetches_rows(t) && g->lda == (size_t)tl->depth) {
    tl->ahead = g->a + (size_t)m * g->lda;
    tl->ahead_step = TILE_ROWS;
  }
}

/* --- rows of A that are copied as they lie: some of the next tile's behind each panel that a tile meets ------------ */

static bool copies_rows(const task *t)
{
  return !t->in_place && !t->j->g.source && !t->j->g.a_transposed;
}

static void copy_some_rows(const task *t, int begin, int end)
{
  copy_rows(&t->j->g, t->m0 + begin, end - begin, t->k0, depth_of(t), t->a + (size_t)begin * LDA);
}

static void cut_depth(tile *tl, int depth, int segments, ptrdiff_t *offset)
{
  tl->offset = offset;
  tl->segments = segments;
  tl->depth = depth / segments;
  for (int s = 0; s < segments; s++) {
    offset[s] = s * tl->depth;
  }
}

/* Rows [begin, end) of the block: a run over depth fetches them, each during a segment. */
static void fetch_rows(const task *t, int begin, int end, int depth, tile *tl, ptrdiff_t *offset)
{
  const gemm *g = &t->j->g;
  int segments = 1;
  while (segments < end - begin && depth % (2 * segments) == 0) {
    segments *= 2;
  }
  cut_depth(tl, depth, segments, offset);
  tl->ahead = g->a + (size_t)(t->m0 + begin) * g->lda + t->k0;
  tl->ahead_step = (size_t)segments;
  tl->ahead_jump = g->lda - (size_t)depth;
}

/* Those of the first tile that is copied for the next block. @return false: none is. */
static bool fetch_next_block(const task *t, tile *tl, ptrdiff_t *offset)
{
  const task *next = t->next;
  if (!next || !copies_rows(next)) {
    return false;
  }
  const int rows = next->m1 - next->m0;
  fetch_rows(next, 0, tile_begin(rows, tiles_of(rows), 1), depth_of(t), tl, offset);
  return true;
}

/* --- a block ------------------------------------------------------------------------------------------------------ */

/* All tiles of the panels [n0, n1): a tile's rows of A stay in the nearest cache. */
static void run_tiles(const task *t, int n0, int n1)
{
  const int rows = t->m1 - t->m0, tiles = tiles_of(rows), panels = pieces(n1 - n0, TILE_COLUMNS);
  const bool copied = n0 == t->n0 && copies_rows(t);
  const int turns = copied ? panels : tiles * panels; /* that fetch what comes after the tiles */
  const strips next_of_b = next_b(t, n1), next_of_a = next_a(t, n1);
  fetching b, a;
  float *c[TILE_ROWS];
  ptrdiff_t offset[MOST_SEGMENTS];
  tile tl = { .c = c };
  tl.base = &tl.a;
  share_turns(t, &next_of_b, &next_of_a, turns, &b, &a);
  set_end(t, &tl);
  for (int i = 0; i < tiles; i++) {
    const int begin = tile_begin(rows, tiles, i), end = tile_begin(rows, tiles, i + 1);
    const int next = copied && i + 1 < tiles ? tile_begin(rows, tiles, i + 2) - end : 0;
    find_a(t, i, begin, &tl);
    for (int r = 0; r < end - begin; r++) {
      c[r] = t->c + (size_t)(t->m0 + begin + r) * t->j->g.ldc;
    }
    for (int p = 0; p < panels; p++) {
      const int n = n0 + p * TILE_COLUMNS;
      const int next_begin = end + (next ? piece_begin(next, panels, p) : 0);
      const int next_end = end + (next ? piece_begin(next, panels, p + 1) : 0);
      const bool last = n1 == t->n1 && i + 1 == tiles && p + 1 == panels;
      tl.columns = at_most(TILE_COLUMNS, n1 - n);
      find_b(t, n0, n, &tl);
      if (next) {
        fetch_rows(t, next_begin, next_end, depth_of(t), &tl, offset);
      } else if (!last || !fetch_next_block(t, &tl, offset)) {
        cut_depth(&tl, depth_of(t), 1, offset);
        find_ahead(t, &b, &a, p, t->m0 + end, &tl);
      }
      run_tile(&t->j->g, end - begin, n, &tl);
      copy_some_rows(t, next_begin, next_end);
    }
  }
}

/* What a block finds ready: all rows that are made, all of a transposed A, the first tile's rows. */
static void open_block(const task *t)
{
  const gemm *g = &t->j->g;
  const int rows = t->m1 - t->m0, depth = depth_of(t);
  if (g->source) {
    g->source->make(g->source, t->m0, rows, t->k0, depth, t->a, copied_step(g, depth), t->worker);
  } else if (!t->in_place && g->a_transposed) {
    copy_columns(g, t->m0, rows, t->k0, depth, t->a);
  } else if (!t->in_place) {
    copy_some_rows(t, 0, tile_begin(rows, tiles_of(rows), 1));
  }
}

/* A once, B by some panels at a time. */
static void run_block(const task *t)
{
  const gemm *g = &t->j->g;
  open_block(t);
  for (int n = t->n0; n < t->n1; n += block_columns(t)) {
    const int end = at_most(n + block_columns(t), t->n1);
    if (!g->b_packed && !t->b_in_place) {
      pack_panels(g, n, end, t->k0, depth_of(t), t->b);
    }
    run_tiles(t, n, end);
  }
}

/* Do neighbours share rows, for which each reads a part of B? Not where B is packed and each worker can have a part of its
 * own, that it perhaps packed itself. */
static bool shares_rows(const job *j)
{
  return j->g.m >= j->g.n && !(j->g.b_packed && j->cut.columns == j->workers);
}

/* What task number of the job computes. Neighbours, which mostly run on the same core, share the larger of
 * A and B, mostly. */
static task task_of(const job *j, int number)
{
  const gemm *g = &j->g;
  const cut *c = &j->cut;
  const int part = number % (c->rows * c->columns), slice = number / (c->rows * c->columns);
  const bool by_rows = shares_rows(j);
  const int row = by_rows ? part / c->columns : part % c->rows;
  const int column = by_rows ? part % c->columns : part / c->rows;
  const int panels = pieces(g->n, TILE_COLUMNS);
  task t = { .j = j, .last = c->slices == 1, .stream = j->stream };
  t.m0 = rows_begin(g, c, row);
  t.m1 = rows_begin(g, c, row + 1);
  t.n0 = piece_begin(panels, c->columns, column) * TILE_COLUMNS;
  t.n1 = at_most(piece_begin(panels, c->columns, column + 1) * TILE_COLUMNS, g->n);
  t.k0 = piece_begin(g->k, c->slices, slice);
  t.k1 = piece_begin(g->k, c->slices, slice + 1);
  t.c = c->slices == 1 ? g->c : j->partial + (size_t)slice * (size_t)g->m * (size_t)g->n;
  return t;
}

/* Parts of a task's rows, each of whole tiles. */
static int parts_of(const task *whole)
{
  const int rows = whole->m1 - whole->m0;
  return rows > M_BLOCK ? pieces(rows, PART_ROWS) : 1;
}

static int blocks_of(const task *whole)
{
  return parts_of(whole) * pieces(depth_of(whole), K_BLOCK);
}

/* Block number i of a task: all rows at a depth meet the same part of B. */
static task block_of(const task *whole, int i)
{
  const int parts = parts_of(whole), part = i % parts, depth = i / parts, tiles = tiles_of(whole->m1 - whole->m0);
  task t = *whole;
  t.m0 = whole->m0 + piece_begin(tiles, parts, part) * TILE_ROWS;
  t.m1 = at_most(whole->m0 + piece_begin(tiles, parts, part + 1) * TILE_ROWS, whole->m1);
  t.k0 = block_begin(whole->k0, whole->k1, depth);
  t.k1 = block_begin(whole->k0, whole->k1, depth + 1);
  t.first = depth == 0;
  t.last = whole->last && t.k1 == whole->k1;
  t.in_place = reads_in_place(&t);
  t.b_in_place = reads_b_in_place(&t);
  return t;
}

static void run_task(void *user, int number, int worker)
{
  const job *j = user;
  const bool is_last = number + 1 == j->cut.rows * j->cut.columns * j->cut.slices;
  const task after = task_of(j, is_last ? number : number + 1);
  task whole = task_of(j, number);
  whole.worker = worker;
  whole.a = j->scratch + (size_t)worker * SCRATCH;
  whole.b = whole.a + A_FLOATS;
  const int blocks = blocks_of(&whole);
  task t = block_of(&whole, 0);
  for (int i = 1; i <= blocks; i++) {
    const task next = i < blocks ? block_of(&whole, i) : block_of(&after, 0);
    t.next = i < blocks || !is_last ? &next : NULL;
    run_block(&t);
    t = next;
  }
  if (whole.stream) {
    vec_stream_end();
  }
}

/* --- few rows of A ------------------------------------------------------------------------------------------------ */

static void run_few_rows(void *user, int slice, int worker)
{
  const job *j = user;
  const gemm *g = &j->g;
  const int slices = j->cut.slices;
  (void)worker;
  const int k0 = piece_begin(g->k, slices, slice), k1 = piece_begin(g->k, slices, slice + 1);
  float *c = j->partial + (size_t)slice * (size_t)g->m * (size_t)g->n;
  (is_row(g) ? CPU_OP(gemm_row) : CPU_OP(gemm_few_rows))(g, k0, k1, c);
}

/* --- the whole product -------------------------------------------------------------------------------------------- */

/* Floats of a B that is packed first thing, for all tasks. */
static size_t turned_floats(const gemm *g, const cut *c)
{
  return g->b_transposed && !g->b_packed && c->rows >= TURNED_ROWS ? CPU_OP(gemm_packed)(g) : 0;
}

size_t CPU_OP(gemm_workspace)(const slim_cpu_step *step, const gemm *g)
{
  if (g->by_halves) {
    return CPU_OP(strassen_workspace)(step, g);
  }
  const int workers = slim_threads_count(step->device->threads);
  const gemm product = CPU_OP(gemm_sliced_product)(g, step);
  const cut c = cut_of(&product, step);
  const size_t partial = c.slices > 1 || are_few_rows(g) ? (size_t)c.slices * (size_t)g->m * (size_t)g->n : 0;
  return ((size_t)workers * SCRATCH + turned_floats(g, &c) + partial) * sizeof(float);
}

bool CPU_OP(gemm_writes_once)(const slim_cpu_step *step, const gemm *g)
{
  return g->by_halves || (!are_few_rows(g) && cut_of(g, step).slices == 1 && g->k <= K_BLOCK);
}

void CPU_OP(gemm_run)(const slim_cpu_step *step, const gemm *g, void *workspace)
{
  if (g->by_halves) {
    CPU_OP(strassen_run)(step, g, workspace);
    return;
  }
  const int workers = slim_threads_count(step->device->threads);
  job j = { .g = CPU_OP(gemm_sliced_product)(g, step), .scratch = workspace,
            .stream = streams(g, slim_threads_apart(step->device->threads)),
            .workers = workers,
            .held = step->device->caches.second / HELD_SHARE / sizeof(float) };
  j.cut = cut_of(&j.g, step);
  const size_t turned = turned_floats(g, &j.cut);
  float *packed = j.scratch + (size_t)workers * SCRATCH;
  j.partial = packed + turned;
  if (turned) {
    CPU_OP(gemm_pack)(step, g, packed);
    j.g.b_packed = packed;
  }
  const gemm_slices s = { g, j.partial, j.cut.slices, j.g.m != g->m };
  if (are_few_rows(g)) {
    slim_threads_run(step->device->threads, j.cut.slices, run_few_rows, &j);
    CPU_OP(gemm_add_slices)(step, &s);
    return;
  }
  if (j.cut.slices == 1) {
    slim_threads_run(step->device->threads, j.cut.rows * j.cut.columns, run_task, &j);
    return;
  }
  j.g.ldc = (size_t)j.g.n;
  slim_threads_run(step->device->threads, j.cut.rows * j.cut.columns * j.cut.slices, run_task, &j);
  CPU_OP(gemm_add_slices)(step, &s);
}
