//go:build cgo && gocv_specific_modules && gocv_videoio

#include "camera.h"

#include <mutex>

#include <cerrno>
#include <cstdarg>
#include <cstdlib>

#include <dlfcn.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <linux/videodev2.h>

// OpenCV tells of a camera's frame its time and nothing else: not how many the
// driver lost before it, because nobody took them in time, nor that the driver
// holds it for damaged, nor why there is none. So the system call that carries
// all that is found here first, in the program itself, looked at, and passed
// on. Where OpenCV is linked in a way that this function is not found, heeded
// stays 0.

namespace {

std::mutex lock;
flipmeter_camera known;
int capturing = -1; // its descriptor
bool any = false;   // a frame was taken since the capture began
unsigned sequence;  // of the last one

// matters says whether a failure of a call keeps pictures from coming: OpenCV
// tries a lot that a camera need not know.
bool matters(unsigned long request, int err) {
    if (err == ENODEV || err == EIO)
        return true;
    if (err != EBUSY && err != ENOSPC && err != EPROTO)
        return false;
    return request == VIDIOC_S_FMT || request == VIDIOC_REQBUFS || request == VIDIOC_STREAMON;
}

void took(const v4l2_buffer *b) {
    // The driver counts from 0; frames that it lost before the first one that
    // was taken were nobody's neighbours.
    if (any && b->sequence - sequence - 1 < 1u << 20)
        known.lost += b->sequence - sequence - 1;
    any = true;
    sequence = b->sequence;
    known.taken++;
    known.damaged = (b->flags & V4L2_BUF_FLAG_ERROR) != 0;
    known.monotonic = (b->flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) == V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
    known.captured = static_cast<double>(b->timestamp.tv_sec) + static_cast<double>(b->timestamp.tv_usec) / 1e6;
}

void look(int fd, unsigned long request, const void *arg, int result, int err) {
    std::lock_guard<std::mutex> guard(lock);
    if (result < 0) {
        if (matters(request, err))
            known.error = err;
        return;
    }
    switch (request) {
    case VIDIOC_G_FMT:
    case VIDIOC_S_FMT: {
        const v4l2_pix_format &p = static_cast<const v4l2_format *>(arg)->fmt.pix;
        const bool newer = p.priv == V4L2_PIX_FMT_PRIV_MAGIC; // else ycbcr_enc is not there
        known.encoding = newer && p.ycbcr_enc != V4L2_YCBCR_ENC_DEFAULT ? static_cast<int>(p.ycbcr_enc) : V4L2_MAP_YCBCR_ENC_DEFAULT(p.colorspace);
        break;
    }
    case VIDIOC_STREAMON:
        capturing = fd;
        any = false;
        known.heeded = 1;
        known.taken = known.lost = 0;
        known.error = 0;
        break;
    case VIDIOC_DQBUF:
        if (fd == capturing)
            took(static_cast<const v4l2_buffer *>(arg));
        break;
    }
}

} // namespace

extern "C" __attribute__((visibility("default"), used)) int ioctl(int fd, unsigned long request, ...) noexcept {
    typedef int (*call)(int, unsigned long, ...);
    static const call next = reinterpret_cast<call>(dlsym(RTLD_NEXT, "ioctl"));
    va_list args;
    va_start(args, request);
    void *arg = va_arg(args, void *);
    va_end(args);
    if (next == nullptr) {
        errno = ENOSYS;
        return -1;
    }
    const int result = next(fd, request, arg);
    // Programs pass the number as a signed one, too.
    const unsigned long asked = request & 0xffffffff;
    if (_IOC_TYPE(asked) == 'V') {
        const int err = errno;
        look(fd, asked, arg, result, err);
        errno = err;
    }
    return result;
}

struct flipmeter_camera flipmeter_camera_state(void) {
    std::lock_guard<std::mutex> guard(lock);
    return known;
}

void flipmeter_camera_forget(void) {
    std::lock_guard<std::mutex> guard(lock);
    known = flipmeter_camera();
    capturing = -1;
}

double flipmeter_monotonic(void) {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

void flipmeter_camera_patience(const char *seconds) { setenv("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", seconds, 1); }

int flipmeter_camera_try(const char *path) {
    const int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno;
    v4l2_capability c = v4l2_capability();
    int result = 0;
    if (ioctl(fd, VIDIOC_QUERYCAP, &c) < 0) {
        result = errno == ENODEV ? ENODEV : -1;
    } else {
        const unsigned can = c.capabilities & V4L2_CAP_DEVICE_CAPS ? c.device_caps : c.capabilities;
        if ((can & V4L2_CAP_VIDEO_CAPTURE) == 0)
            result = -1;
    }
    close(fd);
    return result;
}
