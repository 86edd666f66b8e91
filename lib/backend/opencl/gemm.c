#include "backend/opencl/gemm.h"

#include "backend/opencl/tuning.h"

#define DEPTH 256 /* as SLIM_GEMM_DEPTH in kernels/gemm.h */
#define STRIDE (DEPTH + 16)
#define ROWS_MOST 384 /* of a task's block */
#define COLUMNS_MOST 256
#define PACK_ROW 3    /* a row of a block costs as much as so many columns more, */
#define PACK_COLUMN 6 /* and a column as so many rows, for packing them, */
#define READ_COLUMN 1 /* or for reading one that was packed before */
#define SLICED_ROWS_MOST 168
#define LYING_ROWS_MOST 588  /* the same of an a that is read as it lies, all its rows */
#define MADE_ROWS 448        /* of a task that makes its a: rows of an image share what they are made of */
#define SLICED_DEPTH 256     /* a tile of a that lies transposed takes half of the nearest cache */
#define SLICE_BLOCKS_LEAST 4 /* of k: a slice's sums pay for adding them up */
#define SLICES_FLOATS_MOST ((double)(1 << 21))
#define STREAMED_SUMS ((double)(3 << 20)) /* of the result, that would leave the caches before they are read */
#define GROUPS_A_UNIT 4
#define LOCAL_LEAST ((size_t)16 << 10)

/* How large the parts are that a product is cut into. */
typedef struct limits {
  int depth, rows, columns, groups; /* groups: tasks for each compute unit */
} limits;

static const slim_cl_knob knob_depth = SLIM_CL_KNOB("gemm.depth", 64, 96, 128, 192, DEPTH);
static const slim_cl_knob knob_rows = SLIM_CL_KNOB("gemm.rows", 42, 84, 168, 252, 378, 588);
static const slim_cl_knob knob_columns = SLIM_CL_KNOB("gemm.columns", 32, 64, 96, 128, 192, COLUMNS_MOST);
static const slim_cl_knob knob_groups = SLIM_CL_KNOB("gemm.groups", 1, 2, 4, 8, 16);

/* Of kernels that pack b's block, that keep a's block too, that find b packed, that make a, that multiply halves. */
enum kind { BLOCKS, SLICED, PACKED, MADE, HALVES };

/* The limits for products of this shape; depth and rows: of those built in. */
static limits limits_of(const slim_device *device, int m, int n, int k, int depth, int rows, enum kind kind)
{
  return (limits){ slim_cl_tuned(device, &knob_depth, SLIM_CL_DIMS(m, n, k, kind), depth),
                   slim_cl_tuned(device, &knob_rows, SLIM_CL_DIMS(m, n, k, kind), rows),
                   slim_cl_tuned(device, &knob_columns, SLIM_CL_DIMS(m, n, k, kind), COLUMNS_MOST),
                   slim_cl_tuned(device, &knob_groups, SLIM_CL_DIMS(m, n, k, kind), GROUPS_A_UNIT) };
}

int slim_cl_gemm_rows(const slim_device *device)
{
  return slim_cl_of(device)->vector_width == 16 ? 14 : 6;
}

int slim_cl_gemm_columns(const slim_device *device)
{
  return 2 * slim_cl_of(device)->vector_width;
}

static size_t tile_bytes(const slim_device *device)
{
  return (size_t)slim_cl_gemm_rows(device) * STRIDE * sizeof(float);
}

bool slim_cl_gemm_usable(const slim_device *device)
{
  return device->info.device_class == SLIM_CLASS_CPU && device->info.local_memory >= tile_bytes(device) + LOCAL_LEAST;
}

/* The largest even cut of n into parts of at most most, each a multiple of unit. */
static int even_part(int n, int most, int unit)
{
  const int parts = slim_cl_ceil_div(n, most < unit ? unit : most);
  return parts < 1 ? unit : slim_cl_ceil_div(slim_cl_ceil_div(n, parts), unit) * unit;
}

/* The height of the tiles that so many rows take. */
static int tiles_height(const slim_device *device, int rows)
{
  const int most = slim_cl_gemm_rows(device), rest = rows % most;
  const int some = most == 14 ? 8 : 4, few = most == 14 ? 4 : 2; /* as in kernels/gemm.h */
  return rows - rest + (rest == 0 ? 0 : rest <= few ? few : rest <= some ? some : most);
}

/* What the busiest unit does with blocks of this size, for each k: half of one more, as units are not as fast as each
 * other. */
static double burden(const slim_device *device, int m, int n, int block_m, int block_n, enum kind kind)
{
  const int tasks = slim_cl_ceil_div(m, block_m) * slim_cl_ceil_div(n, block_n);
  const int column = kind == PACKED ? READ_COLUMN : PACK_COLUMN;
  const double block = (double)tiles_height(device, block_m) * block_n + block_m * PACK_ROW + block_n * column;
  return (slim_cl_ceil_div(tasks, device->info.compute_units) + 0.5) * block;
}

/* Takes the blocks of so many groups down and across if units are less busy with them. unit: of rows. */
static void try_cut(const slim_device *device, slim_gemm_params *g, int m, int n, int down, int across, int unit,
                    enum kind kind)
{
  const int block_m = even_part(m, slim_cl_ceil_div(m, down), unit);
  const int block_n = even_part(n, slim_cl_ceil_div(n, across), slim_cl_gemm_columns(device));
  if (g->block_m == 0 ||
      burden(device, m, n, block_m, block_n, kind) < burden(device, m, n, g->block_m, g->block_n, kind)) {
    g->block_m = block_m;
    g->block_n = block_n;
  }
}

/* Cuts the result so that all units are as busy, for as short as can be. */
static void cut_result(const slim_device *device, slim_gemm_params *g, const limits *l, int m, int n, int most_n,
                       enum kind kind)
{
  const int rows = slim_cl_gemm_rows(device), units = device->info.compute_units;
  const int least_down = slim_cl_ceil_div(m, l->rows), least_across = slim_cl_ceil_div(n, most_n);
  const int least = least_down * least_across, wanted = units * l->groups;
  const int most = least + units > wanted ? least + units : wanted;
  g->block_m = 0;
  for (int across = least_across; across <= most && (across - 1) * slim_cl_gemm_columns(device) < n; across++) {
    for (int down = least_down; across * down <= most && (down - 1) * rows < m; down++) {
      try_cut(device, g, m, n, down, across, rows, kind);
      try_cut(device, g, m, n, down, across, 1, kind);
    }
  }
}

/* How many columns of panels fit beside used bytes of local memory. */
static int columns_fit(const slim_device *device, const limits *l, size_t used, int depth)
{
  const int columns = slim_cl_gemm_columns(device);
  const size_t room = device->info.local_memory > used ? (device->info.local_memory - used) / sizeof(float) : 0;
  const size_t fit = room / (size_t)depth / (size_t)columns * (size_t)columns;
  const int most = l->columns < columns ? columns : l->columns / columns * columns;
  return fit > (size_t)most ? most : (int)fit;
}

/* The depth of blocks of k, a multiple of unit, of which a panel fits beside the tile. */
static int depth_that_fits(const slim_device *device, const limits *l, int k, int unit)
{
  int depth = even_part(k, l->depth, unit);
  while (columns_fit(device, l, tile_bytes(device), depth) < slim_cl_gemm_columns(device)) {
    depth = even_part(k, depth / 2, unit);
  }
  return depth;
}

/* The slice of tasks that take all of k: 0 where the result is written once, by whole lines of a cache, and too large to
 * stay there. */
static int whole_slice(int m, int n, int k, int block_k)
{
  const bool streams = k <= block_k && n % 16 == 0 && (double)m * n >= STREAMED_SUMS;
  return streams ? 0 : k;
}

slim_gemm_params slim_cl_gemm_blocks(const slim_device *device, int m, int n, int k)
{
  const limits l = limits_of(device, m, n, k, DEPTH, ROWS_MOST, BLOCKS);
  slim_gemm_params g = { .block_k = depth_that_fits(device, &l, k, 1) };
  cut_result(device, &g, &l, m, n, columns_fit(device, &l, tile_bytes(device), g.block_k), BLOCKS);
  g.slice = whole_slice(m, n, k, g.block_k);
  return g;
}

slim_gemm_params slim_cl_gemm_packed(const slim_device *device, int m, int n, int k)
{
  const limits l = limits_of(device, m, n, k, DEPTH, ROWS_MOST, PACKED);
  slim_gemm_params g = { .block_k = even_part(k, l.depth, 1) };
  const int columns = slim_cl_gemm_columns(device);
  cut_result(device, &g, &l, m, n, l.columns < columns ? columns : l.columns / columns * columns, PACKED);
  g.slice = whole_slice(m, n, k, g.block_k);
  return g;
}

slim_gemm_params slim_cl_gemm_made(const slim_device *device, int m, int n, int k, bool packed)
{
  const limits l = limits_of(device, m, n, k, DEPTH, MADE_ROWS, MADE);
  const int units = device->info.compute_units, columns = slim_cl_gemm_columns(device);
  const int tasks = slim_cl_ceil_div(slim_cl_ceil_div(m, l.rows), units) * units;
  slim_gemm_params g;
  g.block_k = packed ? even_part(k, l.depth, columns / 2) : depth_that_fits(device, &l, k, columns / 2);
  g.block_m = even_part(m, slim_cl_ceil_div(m, tasks), slim_cl_gemm_rows(device));
  g.block_n = even_part(n, packed ? n : columns_fit(device, &l, tile_bytes(device), g.block_k), columns);
  g.slice = whole_slice(m, n, k, g.block_k);
  return g;
}

#define PRODUCTS 7     /* of halves, as SLIM_STRASSEN_PRODUCTS in kernels/strassen.h */
#define HALVES_TILES 4 /* whose factors a core's cache has room for beside those of b */

int slim_cl_gemm_halves_tiles(const slim_device *device)
{
  const size_t fit = device->info.local_memory / (PRODUCTS * tile_bytes(device));
  return fit < HALVES_TILES ? (int)fit : HALVES_TILES;
}

slim_gemm_params slim_cl_gemm_halves(const slim_device *device, int m, int n, int k)
{
  const int most = slim_cl_gemm_halves_tiles(device) * slim_cl_gemm_rows(device), half = slim_cl_ceil_div(m, 2);
  const int units = device->info.compute_units, columns = slim_cl_gemm_columns(device);
  const limits l = limits_of(device, m, n, k, DEPTH, most, HALVES);
  const int tasks = slim_cl_ceil_div(slim_cl_ceil_div(half, l.rows < most ? l.rows : most), units) * units;
  slim_gemm_params g = { .block_m = slim_cl_ceil_div(half, tasks) };
  g.block_n = even_part(n / 2, l.columns < columns ? columns : l.columns / columns * columns, columns);
  g.block_k = even_part(k, 2 * l.depth, columns);
  g.slice = SLIM_GEMM_HALVES;
  return g;
}

static void range(slim_cl_build *b, const slim_gemm_params *g, int m, int n, int slices)
{
  const int down = slim_cl_ceil_div(m, g->block_m), across = slim_cl_ceil_div(n, g->block_n);
  slim_cl_range_dealt(b, (const size_t[3]){ (size_t)down, (size_t)across, (size_t)slices });
}

void slim_cl_gemm_range(slim_cl_build *b, const slim_gemm_params *g, int m, int n)
{
  slim_cl_arg_local(b, tile_bytes(b->device));
  slim_cl_arg_local(b, (size_t)g->block_k * (size_t)g->block_n * sizeof(float));
  range(b, g, m, n, 1);
}

void slim_cl_gemm_range_packed(slim_cl_build *b, const slim_gemm_params *g, int m, int n)
{
  const bool halves = g->slice == SLIM_GEMM_HALVES;
  const int tiles = slim_cl_ceil_div(g->block_m, slim_cl_gemm_rows(b->device));
  slim_cl_arg_local(b, (halves ? (size_t)tiles * PRODUCTS : 1) * tile_bytes(b->device));
  range(b, g, halves ? slim_cl_ceil_div(m, 2) : m, halves ? n / 2 : n, 1);
}

/* Even slices of k, so that groups of whole blocks of the result keep the device busy; false if they would be short. */
static bool cut_depth(const slim_device *device, slim_gemm_params *g, const limits *l, int m, int n, int k)
{
  const int groups = slim_cl_ceil_div(m, g->block_m) * slim_cl_ceil_div(n, g->block_n), blocks = slim_cl_ceil_div(k, g->block_k);
  const int wanted = slim_cl_ceil_div(device->info.compute_units * l->groups, groups);
  g->slice = wanted <= 1 ? k : slim_cl_ceil_div(k, wanted);
  return wanted <= 1 || (blocks >= SLICE_BLOCKS_LEAST * wanted && (double)m * n * wanted <= SLICES_FLOATS_MOST);
}

/* Bytes of a block of a for each k: a vector of each tile. */
static size_t sliced_row(const slim_device *device, int rows)
{
  const int tiles = slim_cl_ceil_div(rows, slim_cl_gemm_rows(device));
  return (size_t)(tiles * slim_cl_of(device)->vector_width) * sizeof(float);
}

/* Rows of a task's block, at most. Where a is read as it lies, a block of all rows is fetched in the order of memory,
 * and b once; if slices alone keep the device busy, and not for a single panel, which memory bounds either way. */
static int sliced_rows(const slim_device *device, int m, int n, int k, bool lies)
{
  const int columns = SLIM_GEMM_IN_PLACE_PANELS * slim_cl_gemm_columns(device);
  const bool in_place = lies && n == columns && tiles_height(device, m) == m;
  const bool deep = k / SLICED_DEPTH >= SLICE_BLOCKS_LEAST * GROUPS_A_UNIT * device->info.compute_units;
  return in_place && deep && m <= LYING_ROWS_MOST ? LYING_ROWS_MOST : SLICED_ROWS_MOST;
}

slim_gemm_params slim_cl_gemm_sliced(const slim_device *device, int m, int n, int k, bool lies)
{
  const limits l = limits_of(device, m, n, k, SLICED_DEPTH, sliced_rows(device, m, n, k, lies), SLICED);
  slim_gemm_params g = { .block_k = even_part(k, l.depth, 1) };
  const size_t row = sliced_row(device, l.rows);
  while (g.block_k > 1 && columns_fit(device, &l, row * (size_t)g.block_k, g.block_k) < slim_cl_gemm_columns(device)) {
    g.block_k = (g.block_k + 1) / 2;
  }
  const int most_n = columns_fit(device, &l, row * (size_t)g.block_k, g.block_k);
  g.block_m = even_part(m, l.rows, slim_cl_gemm_rows(device));
  g.block_n = even_part(n, most_n, slim_cl_gemm_columns(device));
  if (!cut_depth(device, &g, &l, m, n, k)) {
    cut_result(device, &g, &l, m, n, most_n, SLICED);
    g.slice = k;
  }
  g.block_k = even_part(g.slice, g.block_k, 1);
  return g;
}

int slim_cl_gemm_slices(const slim_gemm_params *g, int k)
{
  return g->slice == 0 ? 1 : slim_cl_ceil_div(k, g->slice);
}

void slim_cl_gemm_range_sliced(slim_cl_build *b, const slim_gemm_params *g, int m, int n, int k)
{
  slim_cl_arg_local(b, (size_t)g->block_k * sliced_row(b->device, g->block_m));
  slim_cl_arg_local(b, (size_t)g->block_k * (size_t)g->block_n * sizeof(float));
  range(b, g, m, n, slim_cl_gemm_slices(g, k));
}
