#pragma once

#include <functional>
#include <memory>

namespace bursar::courier {

/// libcurl's transfers on Qt's event loop: many at once, none waits for another. Main thread.
class CurlLoop {
  public:
    CurlLoop();
    ~CurlLoop();
    CurlLoop(const CurlLoop&) = delete;
    CurlLoop& operator=(const CurlLoop&) = delete;
    /// `easy` is a handle of libcurl that lives until `done` was called with its CURLcode, which is never before this
    /// returns.
    void start(void* easy, std::function<void(int)> done);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace bursar::courier
