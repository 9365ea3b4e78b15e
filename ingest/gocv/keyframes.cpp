//go:build cgo && gocv_specific_modules && gocv_videoio

#include "native.h"

#include <atomic>

#include <dlfcn.h>

// OpenCV opens its decoder without options of ours, and with several threads,
// of which each has a context of its own: only what stands in the first one
// holds for all of them, and nothing hands that one out. So the function that
// opens decoders is found here first, in the program itself, and passes every
// call on to FFmpeg's own. Where OpenCV is linked in a way that this function
// is not found, flipmeter_keyframes_end tells so.

namespace {

std::atomic<bool> keyframes{false};
std::atomic<int> decoders{0};

} // namespace

extern "C" __attribute__((visibility("default"), used)) int avcodec_open2(void *context, const void *codec, void **options) {
    typedef int (*open)(void *, const void *, void **);
    typedef int (*set)(void *, const char *, const char *, int);
    open next = reinterpret_cast<open>(dlsym(RTLD_NEXT, "avcodec_open2"));
    if (next == nullptr)
        return -1;
    if (keyframes) {
        set option = reinterpret_cast<set>(dlsym(RTLD_DEFAULT, "av_opt_set"));
        if (option != nullptr && option(context, "skip_frame", "nokey", 0) >= 0)
            decoders++;
    }
    return next(context, codec, options);
}

void flipmeter_keyframes_begin(void) {
    decoders = 0;
    keyframes = true;
}

int flipmeter_keyframes_end(void) {
    keyframes = false;
    return decoders;
}
