#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

// Structured log: one line of JSON per event on standard output, for journald or a file.
// Lines are gathered and written by a thread of their own within 50 ms, errors sooner; whoever logs never waits. Any
// thread.
namespace bursar::log {

enum class Level : unsigned char { debug, info, warning, error };

struct Field {
    std::string_view name;
    std::variant<std::string_view, std::int64_t, bool> content;

    Field(std::string_view n, std::string_view text) : name(n), content(text) {}
    Field(std::string_view n, const std::string& text) : name(n), content(std::string_view(text)) {}
    Field(std::string_view n, const char* text) : name(n), content(std::string_view(text)) {}
    template <typename T>
        requires std::is_integral_v<T>
    Field(std::string_view n, T number) : name(n) {
        if constexpr (std::is_same_v<T, bool>)
            content = number;
        else
            content = static_cast<std::int64_t>(number);
    }
};

/// `event` is a stable snake_case word that operators search for; `fields` carry the values. Never a Secret, a prompt
/// or an answer.
void write(Level level, std::string_view event, std::initializer_list<Field> fields);
inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::debug, event, fields);
}
inline void info(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::info, event, fields);
}
inline void warning(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::warning, event, fields);
}
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::error, event, fields);
}

/// Lines below `lowest` are dropped. Default: info.
void set_level(Level lowest);
/// Whether a line of this level is written: for those whose fields cost something.
bool wants(Level level);
/// Where lines go from now on: a file descriptor that stays open. Default: 1.
void set_output(int file_descriptor);
/// Starts the writing thread; before it and after stop() every line is written at once.
void start();
/// Writes what is gathered and ends the thread.
void stop();

}  // namespace bursar::log
