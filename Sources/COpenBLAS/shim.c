#include "openblas_shim.h"
