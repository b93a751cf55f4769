/* Meson wants at least one source in a static library; the code itself is the system's. */
typedef int roomful_media_worker_shim;
