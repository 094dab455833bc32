// For loops whose result may stand where an operand does, element by element, but never shifted against it: a compiler
// that fears the latter runs them one element at a time.
#pragma once

#if defined(__clang__)
#define OFFRAMP_ELEMENTWISE _Pragma("clang loop vectorize(assume_safety)")
#else
#define OFFRAMP_ELEMENTWISE _Pragma("GCC ivdep")
#endif
