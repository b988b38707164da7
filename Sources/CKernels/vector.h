// Functions of one float that compilers turn into vector code: no branches, no tables, no calls.
#ifndef SHRINK_VECTOR_H
#define SHRINK_VECTOR_H

#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#define VECTORISED __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define VECTORISED
#endif
#define INLINE static inline __attribute__((always_inline))

// Keeps what is not a number.
INLINE float shrink_bounded(float x, float low, float high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}

// exp: 2^k times a polynomial of degree 6 on |r| <= ln 2 / 2, within 2 units in the last place; below -87.3 it is 0 or
// nearly so, above 88.7 infinite. Coefficients: Cephes mathematical library, expf (Moshier).
INLINE float shrink_expf(float x) {
  float z = shrink_bounded(x, -104.0f, 89.0f);
  float k = z * 1.44269504f;
  k = __builtin_rintf(k);
  float r = z - k * 0.693359375f;
  r = r + k * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1;
  // In two steps, since 2^k alone may be out of range.
  int whole = k == k ? (int)k : 0;
  int half = whole >> 1;
  int32_t a = (half + 127) << 23, b = (whole - half + 127) << 23;
  float first, second;
  memcpy(&first, &a, sizeof first);
  memcpy(&second, &b, sizeof second);
  return p * first * second;
}

INLINE float shrink_sigmoidf(float x) { return 1 / (1 + shrink_expf(-x)); }

// tanh and erf: odd rational functions on a bounded argument, within about 3e-7 of the function. Coefficients: minimax
// fits of the Eigen library (Generic packet math functions).
INLINE float shrink_tanhf(float x) {
  float z = shrink_bounded(x, -7.90531110763549805f, 7.90531110763549805f), s = z * z;
  float p = -2.76076847742355e-16f;
  p = p * s + 2.00018790482477e-13f;
  p = p * s + -8.60467152213735e-11f;
  p = p * s + 5.12229709037114e-08f;
  p = p * s + 1.48572235717979e-05f;
  p = p * s + 6.37261928875436e-04f;
  p = p * s + 4.89352455891786e-03f;
  float q = 1.19825839466702e-06f;
  q = q * s + 1.18534705686654e-04f;
  q = q * s + 2.26843463243900e-03f;
  q = q * s + 4.89352518554385e-03f;
  return z * p / q;
}

INLINE float shrink_erff(float x) {
  float z = shrink_bounded(x, -4, 4), s = z * z;
  float p = -2.72614225801306e-10f;
  p = p * s + 2.77068142495902e-08f;
  p = p * s + -2.10102402082508e-06f;
  p = p * s + -5.69250639462346e-05f;
  p = p * s + -7.34990630326855e-04f;
  p = p * s + -2.95459980854025e-03f;
  p = p * s + -1.60960333262415e-02f;
  float q = -1.45660718464996e-05f;
  q = q * s + -2.13374055278905e-04f;
  q = q * s + -1.68282697438203e-03f;
  q = q * s + -7.37332916720468e-03f;
  q = q * s + -1.42647390514189e-02f;
  return z * p / q;
}

#endif
