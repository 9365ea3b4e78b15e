//go:build cgo && gocv_specific_modules && gocv_videoio && !linux

#include "camera.h"

#include <ctime>

// V4L2 is Linux's: elsewhere nothing is known of a camera.

struct flipmeter_camera flipmeter_camera_state(void) { return flipmeter_camera(); }

void flipmeter_camera_forget(void) {}

double flipmeter_monotonic(void) {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

void flipmeter_camera_patience(const char *) {}

int flipmeter_camera_try(const char *) { return 0; }
