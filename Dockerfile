# The training environment, pinned by digest and by hash. `make image` builds it; by hand:
#
#   docker build -t repro --build-arg LOCK_DIGEST=sha256:$(sha256sum <requirements.txt | cut -c -64) .
#
# Docker 20.10's builder, newer ones and buildah all read this file. The base is named by what it
# is, where it comes from (a mirror may have the same bits), and its digest, which decides.
ARG BASE_NAME=docker.io/library/python:3.13-slim-trixie
ARG BASE_FROM=${BASE_NAME}
ARG BASE_DIGEST=sha256:bf44cdfcb76cd3b41e879bc058fc37ec5872002ccfde7fcb765e218cde0cd79c

FROM ${BASE_FROM}@${BASE_DIGEST} AS builder
# From the index, or from a folder of wheels where there is one (`make wheelhouse`). Both have to
# match the lock's hashes. Modules are compiled below, once, without the time of their source.
COPY requirements.txt requirements-build.txt wheelhous[e] /wheels/
ARG PIP_INDEX_URL
RUN umask 022 \
    && python3 -m venv /build \
    && python3 -m venv --without-pip /opt/repro \
    && set -- --no-cache-dir --no-input --disable-pip-version-check -q install --no-compile \
    --only-binary :all: --require-hashes \
    && if ls /wheels/*.whl >/dev/null 2>&1; then set -- "$@" --no-index --find-links /wheels; fi \
    && /build/bin/pip "$@" -r /wheels/requirements-build.txt \
    && /build/bin/pip --python /opt/repro/bin/python "$@" -r /wheels/requirements.txt

# The project itself, from its wheel, and the project folder that commands work in.
COPY . /context/
ARG LOCK_DIGEST
ARG SOURCE_DATE_EPOCH=1767225600
ARG REVISION
WORKDIR /context
RUN umask 022 \
    && echo "${LOCK_DIGEST#sha256:}  requirements.txt" >/build/lock \
    && if [ -n "$LOCK_DIGEST" ] && ! sha256sum -c --quiet /build/lock; \
    then echo "LOCK_DIGEST is not the digest of requirements.txt" >&2; exit 1; fi \
    && /build/bin/pip --disable-pip-version-check -q wheel --no-index --no-deps \
    --no-build-isolation --wheel-dir /build/dist . \
    && /build/bin/pip --python /opt/repro/bin/python --disable-pip-version-check -q install \
    --no-compile --no-index --no-deps --find-links /build/dist repro \
    && mkdir /project \
    && cp -R LICENSE configs data reference requirements.txt /project/ \
    && if [ -n "$REVISION" ]; then echo "$REVISION" >/project/.revision; fi
# Tests that packages bring along are seldom imported. What is left does not depend on the builder:
# neither its clock and umask, nor the order of its folders and the seed of its hashes.
RUN PYTHONHASHSEED=0 /opt/repro/bin/python -m compileall -q -x '/tests?/' \
    --invalidation-mode unchecked-hash /opt/repro/lib \
    && ln -s /runs /project/runs \
    && chmod -R u=rwX,go=rX /opt/repro /project \
    && find /opt/repro /project -exec touch -h -d "@$SOURCE_DATE_EPOCH" '{}' +

FROM ${BASE_FROM}@${BASE_DIGEST}
# No pip is left in the image (the base's own tools for packages are, and need root), and no program
# that gives rights. The base's own modules are compiled where it has left them as sources: as
# another user, Python could not keep what it compiles.
RUN umask 022 \
    && python3 -c 'import sysconfig as s; print(*{s.get_path(n) for n in ("stdlib", "purelib")})' >/tmp/folders \
    && read -r folders </tmp/folders \
    && for folder in $folders; do \
    rm -rf "$folder"/ensurepip "$folder"/pip "$folder"/pip-* "$folder"/setuptools "$folder"/setuptools-* \
    "$folder"/wheel "$folder"/wheel-* || exit 1; done \
    && rm -rf /usr/share/python-wheels /usr/local/bin/pip* /root/.cache /tmp/folders \
    && mkdir -m 1777 /runs \
    && find / -xdev -type f -perm /6000 -exec chmod ug-s '{}' + \
    && PYTHONHASHSEED=0 python3 -m compileall -q -x '/(tests?|idlelib|turtledemo|site-packages|dist-packages)/' \
    --invalidation-mode unchecked-hash "$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"
COPY --from=builder /opt/repro /opt/repro
COPY --from=builder /project /project

# What the level `portable` fixes on x86-64, so that no command has to start Python again for it.
# Elsewhere, and for another level, commands start it again by themselves.
ENV PYTHONHASHSEED=0 \
    OMP_NUM_THREADS=1 \
    OPENBLAS_NUM_THREADS=1 \
    GOTO_NUM_THREADS=1 \
    MKL_NUM_THREADS=1 \
    MKL_DOMAIN_NUM_THREADS=MKL_DOMAIN_ALL=1 \
    BLIS_NUM_THREADS=1 \
    BLIS_JC_NT=1 \
    BLIS_PC_NT=1 \
    BLIS_IC_NT=1 \
    BLIS_JR_NT=1 \
    BLIS_IR_NT=1 \
    VECLIB_MAXIMUM_THREADS=1 \
    NUMEXPR_NUM_THREADS=1 \
    NUMBA_NUM_THREADS=1 \
    CUBLAS_WORKSPACE_CONFIG=:4096:8 \
    TF_CUDNN_DETERMINISTIC=1 \
    OPENBLAS_CORETYPE=Haswell \
    NPY_ENABLE_CPU_FEATURES=X86_V3 \
    ATEN_CPU_CAPABILITY=avx2 \
    MKL_CBWR=COMPATIBLE \
    ONEDNN_MAX_CPU_ISA=AVX2
ENV PATH=/opt/repro/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    LANG=C.UTF-8 \
    LC_ALL=C.UTF-8 \
    TZ=UTC \
    HOME=/tmp

WORKDIR /project
# Not inside the project: another one that is mounted there has runs of its own.
VOLUME /runs
# A number, so that an orchestrator can see that it is not root.
USER 10001:10001
ENTRYPOINT ["repro"]

# Last, since they change with every commit. The digests go into the record of each run.
ARG BASE_NAME
ARG BASE_DIGEST
ARG LOCK_DIGEST
ARG REVISION
ARG SOURCE
ARG VERSION
ENV REPRO_BASE_DIGEST=${BASE_DIGEST} \
    REPRO_LOCK_DIGEST=${LOCK_DIGEST}
LABEL org.opencontainers.image.title="repro" \
    org.opencontainers.image.description="Train a scikit-learn model, leave evidence, and let anybody check it." \
    org.opencontainers.image.licenses="MIT" \
    org.opencontainers.image.source="${SOURCE}" \
    org.opencontainers.image.revision="${REVISION}" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.base.name="${BASE_NAME}" \
    org.opencontainers.image.base.digest="${BASE_DIGEST}"
