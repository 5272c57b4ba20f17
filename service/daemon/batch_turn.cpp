#include "service/daemon/batch_turn.h"

#include <algorithm>
#include <utility>

namespace bursar::daemon {

void BatchTurn::note_state(bool ended, Moment now) {
    if (ended && !std::exchange(ended_, ended)) due_ = now;
}

void BatchTurn::note_open(Moment now) {
    wait_ = retry_first;
    incomplete_since_.reset();
    due_ = now + ask_every;
}

void BatchTurn::note_failed(Moment now, Span took) {
    // The pool's clock is some milliseconds behind.
    if (took + std::chrono::seconds(1) >= reading_max_) reading_max_ = std::min(reading_max_ * 2, reading_last);
    // Others get as much time as this one had.
    due_ = now + std::max(wait_, took);
    wait_ = std::min(wait_ * 2, incomplete_since_ ? incomplete_retry_last : retry_last);
}

bool BatchTurn::unknown_believed(Moment now, Span age) {
    if (!unknown_since_) unknown_since_ = now;
    return now - *unknown_since_ >= unknown_min && age >= forgotten_age_min;
}

bool BatchTurn::incomplete_believed(Moment now) {
    if (!incomplete_since_) incomplete_since_ = now;
    return now - *incomplete_since_ >= incomplete_max;
}

bool BatchTurn::says_late(Moment now, Span age) {
    if (age < late_age || (late_told_ && now - *late_told_ < late_every)) return false;
    late_told_ = now;
    return true;
}

std::chrono::milliseconds BatchTurn::reading_max() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(reading_max_);
}

}  // namespace bursar::daemon
