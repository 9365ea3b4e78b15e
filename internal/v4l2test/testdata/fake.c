// A V4L2 camera in user space, for tests on machines without one: loaded by
// LD_PRELOAD, it answers the system calls of one program about one /dev/videoN.
// It was written from the documentation of the V4L2 API and linux/videodev2.h.
//
// What it is and does stands in the file that FAKE_V4L2 names, a line each,
// read again at every open and before every frame:
//
//	device 0                    the N of /dev/videoN
//	state ok                    or missing, denied, forbidden, busy, taken
//	                            (opens, but another program captures), gone
//	                            (unplugged: ENODEV), metadata (no pictures)
//	stall 1                     no frame comes
//	lose 7                      every seventh frame is lost in the driver
//	damage 5                    every fifth is marked as damaged
//	encoding 2                  ycbcr_enc, as in videodev2.h
//	mode YUYV 160 120 25 FILE   pictures of this kind: each 4 bytes of length,
//	                            in the machine's order, and its bytes
//
// No function is looked up with dlsym: what is not about the device goes to
// the kernel as it is, so that mmap works before anything else does.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { MODES = 8, BUFFERS = 8, FILES = 16, PAGE = 4096 };

struct mode {
    char fourcc[5];
    unsigned width, height, fps;
    const unsigned char *data;
    size_t size;
    unsigned frames;
    const unsigned char **at; // of each frame's length
};

static struct {
    unsigned device, lose, damage, encoding, stall;
    char state[16];
} told;

static struct mode modes[MODES];
static unsigned n_modes;
static int read_modes;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int opened[FILES]; // descriptors of the device; eventfds that are readable when a frame is there
static unsigned n_opened;

// The one that captures, or -1, and what it set.
static int owner = -1;
static unsigned current; // mode
static unsigned rate;    // frames a second
static int memory = -1;  // memfd of the buffers
static unsigned char *mapped;
static size_t length; // of a buffer
static unsigned n_buffers;
static struct v4l2_buffer buffers[BUFFERS];
static unsigned waiting[BUFFERS], n_waiting; // queued, empty
static unsigned filled[BUFFERS], n_filled;
static int streaming, running;
static unsigned sequence, number;
static pthread_t driver;

static int failing(int err) {
    errno = err;
    return -1;
}

static const char *control(void) { return getenv("FAKE_V4L2"); }

static uint32_t code(const char *s) { return v4l2_fourcc(s[0], s[1], s[2], s[3]); }

static void open_mode(const char *line) {
    struct mode m = {0};
    char path[512];
    if (n_modes == MODES || sscanf(line, "mode %4s %u %u %u %511s", m.fourcc, &m.width, &m.height, &m.fps, path) != 5)
        return;
    int fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0) {
        perror(path);
        abort();
    }
    m.size = st.st_size;
    m.data = (void *)syscall(SYS_mmap, NULL, m.size, PROT_READ, MAP_PRIVATE, fd, 0);
    syscall(SYS_close, fd);
    for (size_t at = 0; at < m.size;) {
        uint32_t n;
        m.at = realloc(m.at, (m.frames + 1) * sizeof *m.at);
        m.at[m.frames++] = m.data + at;
        memcpy(&n, m.data + at, 4);
        at += 4 + n;
    }
    modes[n_modes++] = m;
}

// look reads what the test wants.
static void look(void) {
    FILE *f = control() ? fopen(control(), "re") : NULL;
    if (f == NULL)
        return;
    char line[700], word[16];
    told.lose = told.damage = told.encoding = told.stall = 0;
    while (fgets(line, sizeof line, f) != NULL) {
        unsigned n;
        if (sscanf(line, "state %15s", told.state) == 1)
            continue;
        if (!read_modes && strncmp(line, "mode ", 5) == 0)
            open_mode(line);
        if (sscanf(line, "%15s %u", word, &n) != 2)
            continue;
        if (strcmp(word, "device") == 0)
            told.device = n;
        else if (strcmp(word, "lose") == 0)
            told.lose = n;
        else if (strcmp(word, "damage") == 0)
            told.damage = n;
        else if (strcmp(word, "encoding") == 0)
            told.encoding = n;
        else if (strcmp(word, "stall") == 0)
            told.stall = n;
    }
    read_modes = 1;
    fclose(f);
}

static int is(const char *state) { return strcmp(told.state, state) == 0; }

static int known(int fd) {
    for (unsigned i = 0; i < n_opened; i++)
        if (opened[i] == fd)
            return 1;
    return 0;
}

static void signal_frame(int fd) {
    uint64_t one = 1;
    if (write(fd, &one, sizeof one) < 0)
        abort();
}

static void fill(void) {
    struct mode *m = &modes[current];
    number++;
    sequence++;
    if (told.lose && number % told.lose == 0)
        return; // as if it had not come over the bus
    if (n_waiting == 0)
        return; // nowhere to put it
    unsigned i = waiting[0];
    memmove(waiting, waiting + 1, --n_waiting * sizeof *waiting);
    const unsigned char *frame = m->at[(number - 1) % m->frames];
    uint32_t n;
    memcpy(&n, frame, 4);
    memcpy(mapped + i * length, frame + 4, n);
    struct v4l2_buffer *b = &buffers[i];
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    b->bytesused = n;
    b->sequence = sequence - 1;
    b->field = V4L2_FIELD_NONE;
    b->timestamp.tv_sec = now.tv_sec;
    b->timestamp.tv_usec = now.tv_nsec / 1000;
    b->flags = V4L2_BUF_FLAG_MAPPED | V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC | V4L2_BUF_FLAG_DONE;
    if (told.damage && number % told.damage == 0)
        b->flags |= V4L2_BUF_FLAG_ERROR;
    filled[n_filled++] = i;
    signal_frame(owner);
}

// drive is the driver's interrupt: a frame comes every 1/rate of a second.
static void *drive(void *unused) {
    struct timespec due;
    clock_gettime(CLOCK_MONOTONIC, &due);
    for (;;) {
        pthread_mutex_lock(&lock);
        long interval = 1000000000L / rate;
        pthread_mutex_unlock(&lock);
        due.tv_nsec += interval;
        due.tv_sec += due.tv_nsec / 1000000000L;
        due.tv_nsec %= 1000000000L;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
        pthread_mutex_lock(&lock);
        if (!running) {
            pthread_mutex_unlock(&lock);
            return unused;
        }
        look();
        if (is("gone"))
            signal_frame(owner); // whoever waits wakes up, and is told
        else if (streaming && !told.stall)
            fill();
        pthread_mutex_unlock(&lock);
    }
}

static void start(void) {
    sigset_t all, before;
    if (running)
        return;
    running = 1;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&driver, NULL, drive, NULL) != 0)
        abort();
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

// stop ends the capture. The lock is held, and let go in between.
static void stop(void) {
    if (running) {
        running = 0;
        pthread_mutex_unlock(&lock);
        pthread_join(driver, NULL);
        pthread_mutex_lock(&lock);
    }
    streaming = 0;
    uint64_t n;
    while (n_filled > 0 && read(owner, &n, sizeof n) > 0)
        n_filled--;
    n_filled = n_waiting = 0;
}

static void release(void) {
    stop();
    if (mapped != NULL)
        syscall(SYS_munmap, mapped, length * n_buffers);
    if (memory >= 0)
        syscall(SYS_close, memory);
    mapped = NULL;
    memory = owner = -1;
    n_buffers = 0;
}

static int open_device(int flags) {
    look();
    if (is("missing") || is("gone"))
        return failing(ENOENT);
    if (is("denied"))
        return failing(EACCES);
    if (is("forbidden"))
        return failing(EPERM);
    if (is("busy"))
        return failing(EBUSY);
    if (n_opened == FILES)
        return failing(EMFILE);
    int fd = eventfd(0, EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK);
    (void)flags; // OpenCV opens without blocking; nothing else was needed
    if (fd >= 0)
        opened[n_opened++] = fd;
    return fd;
}

static void give_format(struct v4l2_format *f) {
    struct mode *m = &modes[current];
    struct v4l2_pix_format *p = &f->fmt.pix;
    memset(p, 0, sizeof *p);
    p->width = m->width;
    p->height = m->height;
    p->pixelformat = code(m->fourcc);
    p->field = V4L2_FIELD_NONE;
    p->bytesperline = p->pixelformat == V4L2_PIX_FMT_YUYV ? 2 * m->width : 0;
    p->sizeimage = 2 * m->width * m->height;
    p->colorspace = V4L2_COLORSPACE_SRGB;
    p->priv = V4L2_PIX_FMT_PRIV_MAGIC;
    p->ycbcr_enc = told.encoding;
}

// nearest is the mode that comes closest to what was asked for: the format,
// if there is one of it, then the size.
static unsigned nearest(const struct v4l2_pix_format *p) {
    unsigned best = 0;
    long least = -1;
    for (unsigned i = 0; i < n_modes; i++) {
        long off = labs((long)modes[i].width - (long)p->width) + labs((long)modes[i].height - (long)p->height);
        if (code(modes[i].fourcc) != p->pixelformat)
            off += 1000000;
        if (least < 0 || off < least)
            best = i, least = off;
    }
    return best;
}

static unsigned kinds(unsigned index, struct v4l2_fmtdesc *d) {
    unsigned seen = 0;
    for (unsigned i = 0; i < n_modes; i++) {
        int again = 0;
        for (unsigned k = 0; k < i; k++)
            again |= strcmp(modes[k].fourcc, modes[i].fourcc) == 0;
        if (!again && seen++ == index) {
            d->pixelformat = code(modes[i].fourcc);
            snprintf((char *)d->description, sizeof d->description, "%s", modes[i].fourcc);
            return 1;
        }
    }
    return 0;
}

static int request_buffers(int fd, struct v4l2_requestbuffers *r) {
    if (r->memory != V4L2_MEMORY_MMAP)
        return failing(EINVAL);
    if (is("taken") || (owner >= 0 && owner != fd))
        return failing(EBUSY);
    release();
    r->count = r->count > BUFFERS ? BUFFERS : r->count;
    if (r->count == 0)
        return 0;
    owner = fd;
    n_buffers = r->count;
    length = (2 * modes[current].width * modes[current].height + PAGE - 1) / PAGE * PAGE;
    memory = memfd_create("fake-v4l2", MFD_CLOEXEC);
    if (memory < 0 || ftruncate(memory, length * n_buffers) < 0)
        return -1;
    mapped = (void *)syscall(SYS_mmap, NULL, length * n_buffers, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    for (unsigned i = 0; i < n_buffers; i++)
        buffers[i] = (struct v4l2_buffer){
            .index = i, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP,
            .length = length, .m.offset = i * length, .flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC};
    return 0;
}

static int dequeue(int fd, struct v4l2_buffer *b) {
    uint64_t n;
    if (fd != owner || !streaming)
        return failing(EINVAL);
    if (n_filled == 0 || read(owner, &n, sizeof n) < 0)
        return failing(EAGAIN);
    unsigned i = filled[0];
    memmove(filled, filled + 1, --n_filled * sizeof *filled);
    *b = buffers[i];
    return 0;
}

static int set_format(int fd, struct v4l2_format *f, int keep) {
    if (f->type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
        return failing(EINVAL);
    if (keep && (is("taken") || (owner >= 0 && (owner != fd || streaming))))
        return failing(EBUSY);
    unsigned before = current;
    current = nearest(&f->fmt.pix);
    give_format(f);
    if (keep)
        rate = modes[current].fps;
    else
        current = before;
    return 0;
}

static int answer(int fd, unsigned long request, void *arg) {
    if (is("gone"))
        return failing(ENODEV);
    switch (request) {
    case VIDIOC_QUERYCAP: {
        struct v4l2_capability *c = arg;
        memset(c, 0, sizeof *c);
        strcpy((char *)c->driver, "fake");
        strcpy((char *)c->card, "Fake camera");
        strcpy((char *)c->bus_info, "platform:fake");
        c->device_caps = V4L2_CAP_STREAMING | (is("metadata") ? V4L2_CAP_META_CAPTURE : V4L2_CAP_VIDEO_CAPTURE);
        // All that the camera can on all its devices, as that of a real one.
        c->capabilities = c->device_caps | V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_META_CAPTURE | V4L2_CAP_DEVICE_CAPS;
        return 0;
    }
    case VIDIOC_ENUMINPUT: {
        struct v4l2_input *in = arg;
        if (in->index != 0)
            return failing(EINVAL);
        memset(in, 0, sizeof *in);
        strcpy((char *)in->name, "Camera 1");
        in->type = V4L2_INPUT_TYPE_CAMERA;
        return 0;
    }
    case VIDIOC_G_INPUT:
        *(int *)arg = 0;
        return 0;
    case VIDIOC_S_INPUT:
        return *(int *)arg == 0 ? 0 : failing(EINVAL);
    case VIDIOC_ENUM_FMT: {
        struct v4l2_fmtdesc *d = arg;
        return d->type == V4L2_BUF_TYPE_VIDEO_CAPTURE && kinds(d->index, d) ? 0 : failing(EINVAL);
    }
    case VIDIOC_G_FMT: {
        struct v4l2_format *f = arg;
        if (is("metadata") || f->type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
            return failing(EINVAL);
        give_format(f);
        return 0;
    }
    case VIDIOC_TRY_FMT:
        return set_format(fd, arg, 0);
    case VIDIOC_S_FMT:
        return set_format(fd, arg, 1);
    case VIDIOC_G_PARM:
    case VIDIOC_S_PARM: {
        struct v4l2_streamparm *p = arg;
        struct v4l2_captureparm *c = &p->parm.capture;
        if (p->type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
            return failing(EINVAL);
        if (request == VIDIOC_S_PARM) {
            unsigned most = modes[current].fps;
            rate = c->timeperframe.numerator ? c->timeperframe.denominator / c->timeperframe.numerator : most;
            rate = rate == 0 || rate > most ? most : rate;
        }
        memset(c, 0, sizeof *c);
        c->capability = V4L2_CAP_TIMEPERFRAME;
        c->timeperframe.numerator = 1;
        c->timeperframe.denominator = rate ? rate : modes[current].fps;
        c->readbuffers = 2;
        return 0;
    }
    case VIDIOC_REQBUFS:
        return request_buffers(fd, arg);
    case VIDIOC_QUERYBUF: {
        struct v4l2_buffer *b = arg;
        if (fd != owner || b->index >= n_buffers)
            return failing(EINVAL);
        *b = buffers[b->index];
        return 0;
    }
    case VIDIOC_QBUF: {
        struct v4l2_buffer *b = arg;
        if (fd != owner || b->index >= n_buffers || n_waiting == n_buffers)
            return failing(EINVAL);
        waiting[n_waiting++] = b->index;
        b->flags = V4L2_BUF_FLAG_MAPPED | V4L2_BUF_FLAG_QUEUED | V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
        return 0;
    }
    case VIDIOC_DQBUF:
        return dequeue(fd, arg);
    case VIDIOC_STREAMON:
        if (fd != owner)
            return failing(is("taken") ? EBUSY : EINVAL);
        streaming = 1;
        sequence = 0;
        start();
        return 0;
    case VIDIOC_STREAMOFF:
        if (fd == owner)
            stop();
        return 0;
    }
    return failing(ENOTTY); // no crop, no controls
}

static int is_device(const char *path) {
    char name[32];
    if (control() == NULL || strncmp(path, "/dev/video", 10) != 0)
        return 0;
    look();
    snprintf(name, sizeof name, "/dev/video%u", told.device);
    return strcmp(path, name) == 0;
}

int open(const char *path, int flags, ...) {
    mode_t mode = 0;
    if (flags & (O_CREAT | O_TMPFILE)) {
        va_list args;
        va_start(args, flags);
        mode = va_arg(args, mode_t);
        va_end(args);
    }
    if (strncmp(path, "/dev/video", 10) == 0) {
        pthread_mutex_lock(&lock);
        int ours = is_device(path), fd = ours ? open_device(flags) : -1;
        pthread_mutex_unlock(&lock);
        if (ours)
            return fd;
    }
    return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) __attribute__((alias("open")));

int ioctl(int fd, unsigned long request, ...) {
    va_list args;
    va_start(args, request);
    void *arg = va_arg(args, void *);
    va_end(args);
    pthread_mutex_lock(&lock);
    int ours = known(fd), res = 0;
    if (ours) {
        look();
        // Programs pass it as a signed number, too.
        res = answer(fd, request & 0xffffffff, arg);
    }
    pthread_mutex_unlock(&lock);
    return ours ? res : syscall(SYS_ioctl, fd, request, arg);
}

void *mmap(void *addr, size_t size, int prot, int flags, int fd, off_t offset) {
    if (fd >= 0) {
        pthread_mutex_lock(&lock);
        if (known(fd))
            fd = memory;
        pthread_mutex_unlock(&lock);
    }
    return (void *)syscall(SYS_mmap, addr, size, prot, flags, fd, offset);
}

void *mmap64(void *addr, size_t size, int prot, int flags, int fd, off_t offset) __attribute__((alias("mmap")));

int close(int fd) {
    pthread_mutex_lock(&lock);
    for (unsigned i = 0; i < n_opened; i++)
        if (opened[i] == fd) {
            if (fd == owner)
                release();
            opened[i] = opened[--n_opened];
            break;
        }
    pthread_mutex_unlock(&lock);
    return syscall(SYS_close, fd);
}
