#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace bursar::courier {

/// The connection to the service's socket: made again whenever it is lost, sooner at first. Main thread.
class Line {
  public:
    struct Events {
        std::function<std::string()> hello;  ///< the first frame of a connection
        /// One that came; may hold secrets. False: the connection makes no sense.
        std::function<bool(std::string)> frame;
    };
    Line(std::string path, Events events);
    ~Line();
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;

    void open();
    /// Lost if there is no connection.
    void send(std::string_view json);
    /// What was sent is written, at most for a second, and no connection is made any more.
    void close();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace bursar::courier
