#pragma once

#include <termios.h>

namespace bursar {

/// What is typed at standard input is not shown for as long as this lives. Without a terminal there it does nothing.
class QuietTerminal {
  public:
    QuietTerminal();
    ~QuietTerminal();
    QuietTerminal(const QuietTerminal&) = delete;
    QuietTerminal& operator=(const QuietTerminal&) = delete;

  private:
    termios before_{};
    bool changed_ = false;
};

}  // namespace bursar
