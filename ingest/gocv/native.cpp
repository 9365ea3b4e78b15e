//go:build cgo && gocv_specific_modules && gocv_videoio

#include "native.h"

#include <cstdlib>
#include <cstring>
#include <string>

#include <dlfcn.h>

#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>

void flipmeter_silence(void) {
    if (std::getenv("OPENCV_LOG_LEVEL") == nullptr)
        cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    // -8 is AV_LOG_QUIET. OpenCV reads it when it first opens a stream.
    setenv("OPENCV_FFMPEG_LOGLEVEL", "-8", 0);
}

void flipmeter_capture_options(const char *options) {
    setenv("OPENCV_FFMPEG_CAPTURE_OPTIONS", options, 1);
}

char *flipmeter_build_information(void) {
    return strdup(cv::getBuildInformation().c_str());
}

const char *flipmeter_ffmpeg_release(void) {
    typedef const char *(*text)(void);
    text f = reinterpret_cast<text>(dlsym(RTLD_DEFAULT, "av_version_info"));
    return f == nullptr ? nullptr : f();
}

unsigned flipmeter_ffmpeg_version(const char *function) {
    typedef unsigned (*number)(void);
    number f = reinterpret_cast<number>(dlsym(RTLD_DEFAULT, function));
    return f == nullptr ? 0 : f();
}

int flipmeter_has_decoder(const char *name) {
    typedef const void *(*find)(const char *);
    find f = reinterpret_cast<find>(dlsym(RTLD_DEFAULT, "avcodec_find_decoder_by_name"));
    return f == nullptr ? -1 : f(name) != nullptr;
}
