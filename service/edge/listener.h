#pragma once

#include "service/base/result.h"

namespace bursar::edge {

/// A listening socket of our own: a second descriptor of one that somebody else opened and keeps.
struct Borrowed {
    int descriptor = -1;
    bool v6 = false;
};

/// Duplicates `descriptor`, not inherited by programs to come and never blocking. wrong_configuration if it is not a
/// TCP socket that listens: what is handed over by mistake would otherwise be found by the first client. The original
/// stays open, and keeps who waits in its queue, when ours is closed.
Result<Borrowed> borrow_listener(int descriptor);

}  // namespace bursar::edge
