#include "service/ctl/command.h"
#include "service/ctl/terminal.h"

#include <cstdlib>
#include <string>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <vector>

#include <QCoreApplication>
#include <fmt/format.h>

namespace {

using namespace bursar::ctl;

std::optional<std::string> environment(std::string_view name) {
    const char* value = std::getenv(std::string(name).c_str());
    if (value == nullptr) return std::nullopt;
    return value;
}

/// No core files and no debugger of another process: keys and tokens are in this memory.
void keep_memory_private() {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

Outcome<Exit> run(const std::vector<std::string>& words) {
    const auto commands = all_commands();
    TRY(const Arguments arguments, read_arguments(words, commands));
    if (arguments.version) {
        print("bursarctl " BURSAR_VERSION "\n");
        return Exit::ok;
    }
    if (arguments.help) {
        print(help_text(arguments.topic, commands));
        return Exit::ok;
    }
    Settings settings;
    if (!arguments.command->offline) {
        TRY(settings, read_settings(arguments, environment));
    }
    Api api(std::move(settings));
    if (api.settings().sign_in && !arguments.command->signs) TRY_VOID(use_sign_in(api));
    Context context{.arguments = arguments, .api = api, .commands = commands, .environment = environment};
    auto exit = arguments.command->run(context);
    if (!exit && exit.error().exit == Exit::waits && context.json()) print(exit.error().body + "\n");
    return exit;
}

}  // namespace

int main(int count, char** words) {
    keep_memory_private();
    const QCoreApplication application(count, words);
    const auto exit = run({words + 1, words + count});
    if (exit) return static_cast<int>(*exit);
    remark(fmt::format("bursarctl: {}", exit.error().text));
    return static_cast<int>(exit.error().exit);
}
