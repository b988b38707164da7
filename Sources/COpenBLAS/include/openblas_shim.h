// BLAS and LAPACK as OpenBLAS exports them (Debian: libopenblas-dev).
// The LAPACK routines are declared here by hand: Debian's OpenBLAS carries the Fortran symbols but no lapacke.h.
// All matrices are column-major, all integers 32-bit, character arguments one letter.
#ifndef SHRINK_OPENBLAS_SHIM_H
#define SHRINK_OPENBLAS_SHIM_H

#include <cblas.h>

void openblas_set_num_threads(int threads);
int openblas_get_num_threads(void);

// A = L Lᵀ; info > 0: the leading minor of that order is not positive definite.
void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info);
void dpotrs_(const char *uplo, const int *n, const int *nrhs, const double *a, const int *lda, double *b,
             const int *ldb, int *info);
void dpotri_(const char *uplo, const int *n, double *a, const int *lda, int *info);
// Pᵀ A P = L Lᵀ with complete pivoting, stopped at the first pivot not above tol; info > 0: rank deficient.
void dpstrf_(const char *uplo, const int *n, double *a, const int *lda, int *piv, int *rank, const double *tol,
             double *work, int *info);
double dlansy_(const char *norm, const char *uplo, const int *n, const double *a, const int *lda, double *work);
void dpocon_(const char *uplo, const int *n, const double *a, const int *lda, const double *anorm, double *rcond,
             double *work, int *iwork, int *info);
void dsyevd_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w, double *work,
             const int *lwork, int *iwork, const int *liwork, int *info);
void dgeqp3_(const int *m, const int *n, double *a, const int *lda, int *jpvt, double *tau, double *work,
             const int *lwork, int *info);
void dorgqr_(const int *m, const int *n, const int *k, double *a, const int *lda, const double *tau, double *work,
             const int *lwork, int *info);
void dormqr_(const char *side, const char *trans, const int *m, const int *n, const int *k, const double *a,
             const int *lda, const double *tau, double *c, const int *ldc, double *work, const int *lwork, int *info);
void dtrtrs_(const char *uplo, const char *trans, const char *diag, const int *n, const int *nrhs, const double *a,
             const int *lda, double *b, const int *ldb, int *info);

#endif
