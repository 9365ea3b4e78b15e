#ifndef FLIPMETER_CAMERA_H
#define FLIPMETER_CAMERA_H

#ifdef __cplusplus
extern "C" {
#endif

// What is known of the camera that OpenCV captures from, beyond what OpenCV
// tells: there is one answer for the whole process, that of the camera whose
// capture began last.
struct flipmeter_camera {
    // Frames that OpenCV took, and those that the driver counted and nobody
    // got, since the capture began.
    unsigned long taken, lost;
    int heeded;      // whether any of this is known
    int damaged;     // the driver says that the last frame is
    int monotonic;   // its time is of the machine's monotonic clock
    double captured; // that time, s
    int error;       // errno of the last thing that failed and matters, or 0
    int encoding;    // v4l2_ycbcr_encoding of its pictures, 0 for unknown
};

struct flipmeter_camera flipmeter_camera_state(void);

// Forgets what is known, before a camera is opened.
void flipmeter_camera_forget(void);

// The machine's monotonic clock now, s.
double flipmeter_monotonic(void);

// Sets for how many seconds OpenCV waits for a frame of a camera. OpenCV reads
// it once in a process's life, when it waits for the first time.
void flipmeter_camera_patience(const char *seconds);

// Opens and closes a device. The result is 0 if it is a camera, an errno if it
// can't be opened, or -1 if it gives no pictures.
int flipmeter_camera_try(const char *path);

#ifdef __cplusplus
}
#endif

#endif
