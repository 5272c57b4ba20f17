#pragma once

#include "service/base/result.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace bursar::bench {

enum class Mode : std::uint8_t {
    closed,   ///< every connection asks again as soon as it has its answer
    open,     ///< calls at a steady rate, whatever the answers do
    streams,  ///< many streams at once, held open while memory is looked at
    disturb,  ///< half-open connections, clients that do not read, calls that hang; until SIGTERM
};

struct Plan {
    Mode mode = Mode::closed;
    std::uint16_t port = 0;
    std::uint16_t reference = 0;  ///< the provider itself: its answers are what is expected
    std::string key = "none";
    std::string model = "bench";
    bool stream = false;
    /// The provider speaks the other dialect: an answer has the words of the reference, and otherwise what the first
    /// one had, but for its id and time.
    bool translated = false;
    std::size_t prompt_bytes = 1'000;
    std::size_t connections = 16;
    double seconds = 3;
    double warm_up = 0.5;
    std::int64_t rate = 1'000;
    std::vector<int> pids;  ///< whose CPU and memory are watched
    std::size_t half_open = 0;
    std::size_t slow = 0;
    std::size_t hung = 0;
    std::string slow_model = "big";
    std::string hung_model = "hung";
};

struct Outcome {
    std::int64_t calls = 0;
    std::int64_t wrong = 0;   ///< bytes that differ, or a status other than 200
    std::int64_t failed = 0;  ///< connections that broke
    double answers = 0;  ///< body bytes of the measured time, in whole answers: counts unfinished streams by their part
    double seconds = 0;
    std::vector<std::int64_t> latencies;  ///< nanoseconds
    std::chrono::nanoseconds cpu{0};
    std::int64_t resident_before = 0;
    std::int64_t resident = 0;
    std::string first_wrong;  ///< how the first wrong answer began
};

/// Runs the plan. Blocking; one thread.
Result<Outcome> run(const Plan& plan);

/// The whole request, head and body.
std::string request_for(const Plan& plan, const std::string& model, bool stream);

/// One line of JSON.
std::string to_json(Outcome outcome);

}  // namespace bursar::bench
