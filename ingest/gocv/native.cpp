//go:build cgo && gocv_specific_modules && gocv_videoio

#include "native.h"

#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
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

namespace {

// What FFmpeg's log said of the sizes of pictures since the last question.
std::atomic<int> coded_width{0}, coded_height{0}, refused_pictures{0};

// How many errors it told of, and packets that never came, and what the last
// one of them said. Decoding threads write there, each its own message whole.
std::atomic<unsigned> damages{0};
std::mutex words_lock;
char words[200];

// The decoder of motion JPEG complains of what cameras write beside the
// picture; the picture is whole.
bool harmless(const char *format) {
    return std::strncmp(format, "unable to decode APP fields", 27) == 0;
}

void complain(const char *format, va_list args) {
    damages++;
    va_list copy;
    va_copy(copy, args);
    {
        std::lock_guard<std::mutex> guard(words_lock);
        std::vsnprintf(words, sizeof words, format, copy);
    }
    va_end(copy);
}

typedef void (*log_callback)(void *, int, const char *, va_list);
std::atomic<log_callback> default_log{nullptr};

void listen_to_log(void *context, int level, const char *format, va_list args) {
    if (std::strncmp(format, "Reinit context to %dx%d", 23) == 0) {
        va_list copy;
        va_copy(copy, args);
        coded_width = va_arg(copy, int);
        coded_height = va_arg(copy, int);
        va_end(copy);
    } else if (std::strncmp(format, "Slice parameters ", 17) == 0) {
        refused_pictures++;
    } else if (level <= 16 || std::strncmp(format, "RTP: missed ", 12) == 0) { // AV_LOG_ERROR
        if (!harmless(format))
            complain(format, args);
    }
    log_callback next = default_log; // which heeds the level
    if (next != nullptr)
        next(context, level, format, args);
}

} // namespace

void flipmeter_listen(void) {
    typedef void (*setter)(log_callback);
    setter set = reinterpret_cast<setter>(dlsym(RTLD_DEFAULT, "av_log_set_callback"));
    default_log = reinterpret_cast<log_callback>(dlsym(RTLD_DEFAULT, "av_log_default_callback"));
    coded_width = coded_height = refused_pictures = 0;
    if (set != nullptr)
        set(listen_to_log);
}

int flipmeter_other_size(int width, int height) {
    const int padding = 64; // more than any codec adds to a picture
    int w = coded_width, h = coded_height;
    if (refused_pictures > 0)
        return 1;
    return w != 0 && (w < width || w >= width + padding || h < height || h >= height + padding);
}

unsigned flipmeter_damages(void) { return damages; }

char *flipmeter_last_damage(void) {
    std::lock_guard<std::mutex> guard(words_lock);
    return strdup(words);
}
