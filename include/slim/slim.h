/* All of SlimCL. */
#ifndef SLIM_SLIM_H
#define SLIM_SLIM_H

#include "slim/args.h"
#include "slim/base.h"
#include "slim/checkpoint.h"
#include "slim/custom_op.h"
#include "slim/data.h"
#include "slim/device.h"
#include "slim/evaluation.h"
#include "slim/graph.h"
#include "slim/layers.h"
#include "slim/learning.h"
#include "slim/losses.h"
#include "slim/metrics.h"
#include "slim/model_analyzer.h"
#include "slim/nets.h"
#include "slim/ops.h"
#include "slim/optimizers.h"
#include "slim/session.h"
#include "slim/summary.h"
#include "slim/tune.h"

#endif
