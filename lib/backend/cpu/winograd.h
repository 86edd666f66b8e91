/*
 * Convolution of stride 1 by Winograd's transforms. Tiles have 6 x 6 inputs for 4 x 4 outputs of a 3x3 kernel, or 7 x 7
 * for 5 x 5 outputs where these need fewer products and are not pooled; of a 4x4 kernel, 7 x 7 for 4 x 4, of a 5x5
 * kernel for 3 x 3. Y = A^T [sum over channels of (G g G^T) * (B^T d B)] A for a tile's outputs; the gradient of the
 * weights is G^T [sum over tiles of (B^T d B) * (A dY A^T)] G. First layers, of large kernels and strides over few
 * channels, are such convolutions of an image that is folded.
 *
 * The interpolation points, 0, +-3/4, +-3/2 and infinity for six, +-1/4, +-7/8, +-7/4 and infinity for seven, keep the
 * rounding errors near those of the direct sum: for up to 512 channels at most 2e-5 of the outputs' root mean square
 * with 6 x 6, 6e-5 with 7 x 7. An error is in proportion to the largest numbers of its tile (of all tiles, for the
 * weights), not of its own output. Powers of two on the inputs change no bit of the mantissas.
 * tests/ops/test_winograd.c holds these. Transformed inputs are up to 33 times larger than the inputs, 81 times with
 * 7 x 7, so that they overflow first; a NaN or an infinity makes NaNs of a whole tile. SLIM_WINOGRAD=0 switches it off.
 */
#ifndef SLIM_CPU_WINOGRAD_H
#define SLIM_CPU_WINOGRAD_H

#include "backend/cpu/conv2d.h"
#include "backend/cpu/pieces.h"
#include "backend/cpu/winograd_tile.h"

/* An image that is folded: blocks of side x side pixels become one of as many times the channels. So a convolution of
 * stride side is one of stride 1, with a kernel that is so many times smaller, rounded up with zeros. */
typedef struct winograd_fold {
  int side;      /* 1: nothing is folded */
  int h, w, c;   /* of the image as it lies, */
  int kernel;    /* and its taps */
  int top, left; /* pixels of padding before it, which the folded one includes */
} winograd_fold;

typedef struct winograd {
  int n, h, w, c;  /* in: NHWC without gaps */
  int oh, ow, oc;  /* out: the same */
  int kernel;      /* 3 to 5; 0: none for these transforms */
  int top, left;   /* pixels of padding before */
  winograd_fold fold; /* of what is in, or, if transposed, out */
  bool transposed; /* weights of the input gradient: turned by half a turn, a tap lies as [oc][c] */
  int ph, pw;      /* of a 2x2 maximum of the outputs that is asked for instead of them; 0: none is */
  /* set by a plan */
  int size, points, m;     /* inputs of a tile's side, 6 or 7; its square; outputs of a tile's side */
  int down, across, tiles; /* tiles of an image; of all images */
  int whole_down, whole_across; /* of an image, those whose outputs are all inside */
  int block, blocks;       /* tiles of a block; not of the gradient by weights */
  bool staged;             /* all tiles of a block are transformed before the first product */
  bool own_inputs;         /* by each worker, for itself */
  bool few;                /* staged: the weights' points are made in registers */
  bool by_rows;            /* staged: all channels of a row of points before the next row */
  int staged_columns;      /* staged: of a panel, that are multiplied at once */
  int staged_depth;        /* channels whose weights are transformed at once, by the same */
  bool makes;              /* staged: points of the next row of weights are made while those of a row are multiplied */
  int parts;               /* staged: pieces of a block's tiles, for a panel's products */
  int group;               /* weights transformed in advance: panels that meet a point's inputs one after another */
  bool pools;              /* makes that maximum, of the pixels of a tile */
  bool points_kept;        /* packed weights are transformed: four times the memory, no time in a run */
} winograd;

/* Of folded images: channels, at most, and taps of a kernel's side, at least. Measured: fewer taps gain nothing. */
#define WINOGRAD_FOLDED 48
#define WINOGRAD_FOLDED_TAPS 7

/* The geometry of a convolution or of its gradient by weights; without a kernel when it is none for these transforms.
 */
static inline winograd winograd_of(const conv2d *g)
{
  const int side = g->stride.h, kernel = (g->kh + side - 1) / side, blocks = side * side;
  const bool square = g->kh == g->kw && g->stride.w == side && g->rate.h == 1 && g->rate.w == 1;
  const bool folds = side > 1 && square && g->kh >= WINOGRAD_FOLDED_TAPS && g->x.c <= WINOGRAD_FOLDED / blocks;
  const winograd_fold fold = { side, g->x.h, g->x.w, g->x.c, g->kh, g->before_h, g->before_w };
  return (winograd){ .n = g->x.n,
                     .h = folds ? g->y.h + kernel - 1 : g->x.h,
                     .w = folds ? g->y.w + kernel - 1 : g->x.w,
                     .c = folds ? g->x.c * blocks : g->x.c,
                     .oh = g->y.h,
                     .ow = g->y.w,
                     .oc = g->y.c,
                     .kernel = square && (folds || side == 1) && kernel >= 3 && kernel <= 5 ? kernel : 0,
                     .top = folds ? 0 : g->before_h,
                     .left = folds ? 0 : g->before_w,
                     .fold = fold };
}

/* The same of the gradient by input: a convolution of dy with the kernel turned by half a turn. */
static inline winograd winograd_of_input_gradient(const conv2d *g)
{
  const winograd w = winograd_of(g);
  return (winograd){ .n = w.n,
                     .h = w.oh,
                     .w = w.ow,
                     .c = w.oc,
                     .oh = w.h,
                     .ow = w.w,
                     .oc = w.c,
                     .kernel = w.kernel,
                     .top = w.kernel - 1 - w.top,
                     .left = w.kernel - 1 - w.left,
                     .fold = w.fold,
                     .transposed = true };
}

/* Completes the plan of a convolution. packs: weights that can be packed, NULL: they cannot. @return false when the
 * direct sum serves better. */
bool CPU_OP(winograd_plan)(winograd *w, const slim_cpu_step *step, const slim_view *packs,
                           const tile_epilogue *epilogue);
/* Floats of the workspace. */
size_t CPU_OP(winograd_workspace)(const winograd *w, const slim_cpu_step *step);
/* Floats of weights that are packed in advance, for many runs with them; 0: that would not be read. */
size_t CPU_OP(winograd_packed)(const winograd *w);
void CPU_OP(winograd_pack)(const slim_cpu_step *step, const winograd *w, const slim_view *weights, float *packed);
/* packed: NULL, or what is read instead of the weights. */
void CPU_OP(winograd_run)(const slim_cpu_step *step, const winograd *w, const float *in, const slim_view *weights,
                          const float *packed, float *out, const tile_epilogue *epilogue, float *workspace);

/* The gradient by weights: in is x, dy lies as out, dw as the weights, not turned. */
bool CPU_OP(winograd_gradient_plan)(winograd *w);
size_t CPU_OP(winograd_gradient_workspace)(const winograd *w, const slim_cpu_step *step);
void CPU_OP(winograd_gradient_run)(const slim_cpu_step *step, const winograd *w, const float *in, const float *dy,
                                   float *dw, float *workspace);

/* Floats of a folded image and its weights, 0 where nothing is folded, and where the weights begin. Each function turns
 * one into the other; weights may be halves. */
size_t CPU_OP(winograd_folded)(const winograd *w);
float *CPU_OP(winograd_folded_weights)(const winograd *w, float *folded);
void CPU_OP(winograd_fold_image)(const slim_cpu_step *step, const winograd *w, const float *in, float *folded);
void CPU_OP(winograd_unfold_image)(const slim_cpu_step *step, const winograd *w, const float *folded, float *out);
void CPU_OP(winograd_fold_weights)(const winograd *w, const slim_view *weights, float *folded);
void CPU_OP(winograd_unfold_weights)(const winograd *w, const float *folded, float *dw);

/* --- the parts ---------------------------------------------------------------------------------------------------- */

/* Floats from one point to the next of transformed images, rows of floats a tile; the gap keeps points in cache sets of
 * their own. */
static inline size_t winograd_step(int tiles, int row)
{
  return (size_t)tiles * (size_t)row + 16;
}

/* Transformed inputs of a block: [k block][point][tile][WINOGRAD_K]. */
static inline size_t winograd_inputs_floats(const winograd *w)
{
  return (size_t)pieces(w->c, WINOGRAD_K) * (size_t)w->points * winograd_step(w->block, WINOGRAD_K);
}

/* Tiles of a part of a block. */
static inline int winograd_part_tiles(const winograd *w)
{
  return pieces(w->block, w->parts);
}

/* Products of a panel: [point][tile][TILE_COLUMNS]. */
static inline size_t winograd_products_floats(const winograd *w)
{
  return (size_t)w->points * winograd_step(winograd_part_tiles(w), TILE_COLUMNS);
}

/* Is SLIM_WINOGRAD not 0? */
bool CPU_OP(winograd_wanted)(void);
/* Completes the geometry. more: tiles whose products at a point take as long as it does otherwise. @return false when it
 * is none for these transforms, or too small. */
bool CPU_OP(winograd_tiles)(winograd *w, int more);
/* B^T d B of channels [k, k + count) of tile number to to[point * step + channel - k]. */
void CPU_OP(winograd_open)(const winograd *w, const float *in, int number, int k, int count, float *to, size_t step,
                          bool stream);

/* Where outputs go. */
typedef struct winograd_outputs {
  float *to;
  const tile_epilogue *epilogue;
  bool stream; /* past the caches */
} winograd_outputs;

winograd_outputs CPU_OP(winograd_outputs_of)(const winograd *w, const slim_cpu_step *step, float *to,
                                             const tile_epilogue *epilogue);
/* A^T m A of products [point][tile][TILE_COLUMNS] of count tiles from number first on, and of a panel of columns from n0
 * on, with the epilogue, or maxima of it. step: from point to point. */
void CPU_OP(winograd_close)(const winograd *w, const winograd_outputs *o, const float *products, size_t step, int n0,
                            int columns, int first, int count);

typedef struct winograd_weights {
  const slim_view *view;
  int taps, c, oc;
  bool transposed; /* turned by half a turn, a tap lies as [oc][c] instead of [c][oc] */
} winograd_weights;

static inline winograd_weights winograd_weights_of(const winograd *w, const slim_view *weights)
{
  return (winograd_weights){ weights, w->kernel * w->kernel, w->c, w->oc, w->transposed };
}

/* Of packed taps, those of channels from k on and of the panel from n0 on. */
static inline const float *winograd_packed_taps(const winograd *w, const float *packed, int n0, int k)
{
  const size_t floats = (size_t)n0 * (size_t)w->c + (size_t)k * TILE_COLUMNS; /* of a tap */
  return packed + floats * (size_t)(w->kernel * w->kernel);
}

/* The taps of input channels [k, k + count) and the columns of a panel from n0 on, to taps[channel][tap][TILE_COLUMNS].
 * Halves only where they are not transposed. */
void CPU_OP(winograd_taps)(const winograd_weights *w, int n0, int k, int count, float *taps);
/* One of so many turns' share of that, of floats that are not transposed. */
void CPU_OP(winograd_taps_share)(const winograd_weights *w, int n0, int k, int count, int turn, int turns, float *taps);
/* Fetches one of so many turns' share of the memory of such taps. */
void CPU_OP(winograd_fetch_taps)(const winograd_weights *w, int n0, int k, int count, int turn, int turns);
/* Row row of G g G^T of such taps, without scales: its points to to[point * step + channel * width]. */
void CPU_OP(winograd_filter)(const winograd *w, const float *taps, int count, int row, int width, float *to,
                             size_t step);

/* A row of points of 3x3 taps and 6 x 6 points, of TILE_COLUMNS, and the one after it, which is made meanwhile. */
typedef struct winograd_row {
  float *now, *next;
  bool begun;
  winograd_making making;
} winograd_row;

/* Begins to make row row of count channels' taps. */
void CPU_OP(winograd_row_begin)(winograd_row *r, const float *taps, int count, int row, size_t step);
/* Has row row now: one that was begun, or any other as of winograd_filter. */
void CPU_OP(winograd_row_ready)(const winograd *w, winograd_row *r, const float *taps, int count, int row, int width,
                                size_t step);

/* Where those of the panel from n0 on begin, of all weights: [panel][point][c][width]. */
static inline size_t winograd_panel_points(const winograd *w, int n0)
{
  return (size_t)w->points * (size_t)w->c * (size_t)n0;
}

/* That panel. taps: room for those of WINOGRAD_TAPS channels. */
#define WINOGRAD_TAPS 16
void CPU_OP(winograd_filter_panel)(const winograd *w, const winograd_weights *weights, int n0, float *taps,
                                   float *points);

/* Products with WINOGRAD_FEW tiles, for which the points of 3x3 taps are made in registers. */
#define WINOGRAD_FEW 4

typedef struct winograd_few {
  const float *taps; /* of depth channels, at most WINOGRAD_K, and width columns */
  const float *ahead; /* as many taps, fetched meanwhile: those of the next call's channels */
  const float *a;    /* transformed inputs [point][tile][WINOGRAD_K], points in_step apart */
  float *products;   /* [point][tile][TILE_COLUMNS], points out_step apart */
  size_t in_step, out_step;
  int depth, width;
  bool accumulate; /* products have the sum so far */
  bool cut;        /* of an image of 2 x 2 tiles, which its lower and its right edge cut off: three do without infinity */
} winograd_few;

/* The points of row row. */
void CPU_OP(winograd_multiply_few)(const winograd_few *f, int row);

#endif
