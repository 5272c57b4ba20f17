#include "service/backup/transfer.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <curl/curl.h>
#include <fcntl.h>
#include <memory>
#include <netinet/in.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fmt/format.h>

namespace bursar::backup {
namespace {

namespace fs = std::filesystem;

constexpr long connect_timeout_ms = 10'000, redirects_max = 0;
// Slower than this is as good as not at all: 5 GiB would need a month.
constexpr long least_bytes_per_second = 1024;

struct CloseHandle {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct CloseList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Handle = std::unique_ptr<CURL, CloseHandle>;
using List = std::unique_ptr<curl_slist, CloseList>;

class File {
  public:
    explicit File(int descriptor) : descriptor_(descriptor) {}
    ~File() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    int get() const { return descriptor_; }

  private:
    int descriptor_;
};

/// What libcurl's functions look at while it carries.
struct Course {
    const Exchange& exchange;
    const Reach& reach;
    const store::GoesOn& goes_on;
    CURL* handle = nullptr;
    int from = -1, into = -1;
    Answer answer{};
    std::uint64_t done = 0, all = 0;
    bool refused_address = false, too_large = false, disk_full = false, stopped = false;
};

template <typename Value>
void set(const Handle& handle, CURLoption option, Value value) {
    // Every option here is one that the linked version has, with a value of its type: what may fail is memory.
    static_cast<void>(curl_easy_setopt(handle.get(), option, value));
}

curl_socket_t open_socket(void* to, curlsocktype, curl_sockaddr* where) {
    auto& course = *static_cast<Course*>(to);
    Address address{};
    if (where->family == AF_INET6) {
        sockaddr_in6 six{};
        std::memcpy(&six, &where->addr, sizeof six);
        std::memcpy(address.data(), &six.sin6_addr, address.size());
    } else if (where->family == AF_INET) {
        sockaddr_in four{};
        std::memcpy(&four, &where->addr, sizeof four);
        address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
        std::memcpy(address.data() + 12, &four.sin_addr, 4);
    }
    if (!course.reach.allows(address)) {
        course.refused_address = true;
        return CURL_SOCKET_BAD;
    }
    return ::socket(where->family, where->socktype | SOCK_CLOEXEC, where->protocol);
}

std::size_t give(char* bytes, std::size_t, std::size_t most, void* to) {
    auto& course = *static_cast<Course*>(to);
    const ssize_t got = ::read(course.from, bytes, most);
    if (got < 0) return CURL_READFUNC_ABORT;
    course.done += static_cast<std::uint64_t>(got);
    return static_cast<std::size_t>(got);
}

bool keep(Course& course, const char* bytes, std::size_t count) {
    if (course.done + count > sent_bytes_max) return !(course.too_large = true);
    while (count > 0) {
        const ssize_t put = ::write(course.into, bytes, count);
        if (put <= 0) return !(course.disk_full = true);
        bytes += put;
        count -= static_cast<std::size_t>(put);
        course.done += static_cast<std::uint64_t>(put);
    }
    return true;
}

std::size_t take(char* bytes, std::size_t, std::size_t count, void* to) {
    auto& course = *static_cast<Course*>(to);
    long status = 0;
    static_cast<void>(curl_easy_getinfo(course.handle, CURLINFO_RESPONSE_CODE, &status));
    if (course.into >= 0 && (status == 200 || course.exchange.ssh)) return keep(course, bytes, count) ? count : 0;
    if (course.answer.body.size() + count > small_answer_bytes_max) {
        course.too_large = true;
        return 0;
    }
    course.answer.body.append(bytes, count);
    return count;
}

int go_on(void* to, curl_off_t down_all, curl_off_t, curl_off_t, curl_off_t) {
    auto& course = *static_cast<Course*>(to);
    const std::uint64_t all =
        course.all > 0 ? course.all : static_cast<std::uint64_t>(std::max<curl_off_t>(0, down_all));
    if (course.goes_on(course.done, std::max(all, course.done))) return 0;
    course.stopped = true;
    return 1;
}

void set_limits(const Handle& handle, const TargetOptions& options, Course& course) {
    const bool ssh = course.exchange.ssh.has_value();
    set(handle, CURLOPT_PROTOCOLS_STR, ssh ? "sftp" : options.place.scheme == "http" ? "http" : "https");
    set(handle, CURLOPT_FOLLOWLOCATION, redirects_max);
    set(handle, CURLOPT_PROXY, "");
    set(handle, CURLOPT_NOPROXY, "*");
    set(handle, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    set(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(handle, CURLOPT_HTTP09_ALLOWED, 0L);
    set(handle, CURLOPT_NOSIGNAL, 1L);
    set(handle, CURLOPT_CONNECTTIMEOUT_MS, connect_timeout_ms);
    set(handle, CURLOPT_SERVER_RESPONSE_TIMEOUT, static_cast<long>(options.stall_max.count()));
    set(handle, CURLOPT_LOW_SPEED_LIMIT, least_bytes_per_second);
    set(handle, CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.stall_max.count()));
    set(handle, CURLOPT_USERAGENT, "bursar/" BURSAR_VERSION);
    set(handle, CURLOPT_OPENSOCKETFUNCTION, &open_socket);
    set(handle, CURLOPT_OPENSOCKETDATA, static_cast<void*>(&course));
    set(handle, CURLOPT_NOPROGRESS, 0L);
    set(handle, CURLOPT_XFERINFOFUNCTION, &go_on);
    set(handle, CURLOPT_XFERINFODATA, static_cast<void*>(&course));
    set(handle, CURLOPT_WRITEFUNCTION, &take);
    set(handle, CURLOPT_WRITEDATA, static_cast<void*>(&course));
    set(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(handle, CURLOPT_SSL_VERIFYPEER, 1L);
    set(handle, CURLOPT_SSL_VERIFYHOST, 2L);
    if (options.ca.empty()) return;
    // The configuration's CA stands in the place of the system's, not beside it.
    set(handle, CURLOPT_CAINFO, options.ca.c_str());
    set(handle, CURLOPT_CAPATH, static_cast<char*>(nullptr));
}

/// libssh2 reads a key from a file only: this one is in no file system, and gone when it is closed.
int in_memory(std::string_view bytes) {
    const int file = ::memfd_create("backup-target", MFD_CLOEXEC);
    if (file >= 0 && ::write(file, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
        ::close(file);
        return -1;
    }
    return file;
}

/// The file of the key, which must live as long as the exchange; -1 for a password.
int sign_in(const Handle& handle, const SshAccount& account) {
    set(handle, CURLOPT_USERNAME, account.user.c_str());
    set(handle, CURLOPT_SSH_HOST_PUBLIC_KEY_SHA256, account.host_key.c_str());
    const std::string_view secret = account.secret->reveal();
    if (!secret.starts_with("-----BEGIN ")) {
        set(handle, CURLOPT_SSH_AUTH_TYPES, static_cast<long>(CURLSSH_AUTH_PASSWORD | CURLSSH_AUTH_KEYBOARD));
        std::string password(secret);
        set(handle, CURLOPT_PASSWORD, password.c_str());
        wipe(password.data(), password.size());
        return -1;
    }
    const int file = in_memory(secret);
    set(handle, CURLOPT_SSH_AUTH_TYPES, static_cast<long>(CURLSSH_AUTH_PUBLICKEY));
    set(handle, CURLOPT_SSH_PRIVATE_KEYFILE, fmt::format("/proc/self/fd/{}", file).c_str());
    set(handle, CURLOPT_SSH_PUBLIC_KEYFILE, "");
    return file;
}

List list_of(const std::vector<std::string>& lines) {
    List list;
    for (const std::string& line : lines)
        if (curl_slist* longer = curl_slist_append(list.get(), line.c_str())) {
            static_cast<void>(list.release());
            list.reset(longer);
        }
    return list;
}

std::string why(const TargetOptions& options, const Course& course, CURLcode code) {
    if (course.refused_address)
        return fmt::format(
            "{} leads to an address that is not public. If it is meant, name its network in private_ranges.",
            options.place.host);
    if (course.stopped) return "The transfer was stopped.";
    if (course.too_large) return fmt::format("{} sends more than is taken from it.", options.place.host);
    if (course.disk_full) return "The disk here is full, or the file cannot be written.";
    switch (code) {
        case CURLE_COULDNT_RESOLVE_HOST:
            return fmt::format("The name {} is not known. Check it, and DNS.", options.place.host);
        case CURLE_COULDNT_CONNECT:
            return fmt::format("Nothing listens at {}.", options.place.authority());
        case CURLE_OPERATION_TIMEDOUT:
            return fmt::format("{} was silent for {} seconds.", options.place.host, options.stall_max.count());
        case CURLE_PEER_FAILED_VERIFICATION:
            return course.exchange.ssh
                       ? fmt::format(
                             "The host key of {} is not the one that host_key names. Ask who runs it whether it was "
                             "changed, and only then change host_key.",
                             options.place.host)
                       : fmt::format("The certificate of {} is not trusted. Name its CA in ca.", options.place.host);
        case CURLE_LOGIN_DENIED:
            return fmt::format("{} refuses the account {}. Check its secret.", options.place.host,
                               course.exchange.ssh ? course.exchange.ssh->user : options.access_key);
        case CURLE_REMOTE_FILE_NOT_FOUND:
            return fmt::format("{} has no such file or folder.", options.place.host);
        case CURLE_REMOTE_DISK_FULL:
            return fmt::format("{} is full.", options.place.host);
        default:
            return fmt::format("The transfer with {} broke off.", options.place.host);
    }
}

Result<void> open_files(const Exchange& exchange, int& from, int& into, std::uint64_t& all) {
    if (exchange.upload) {
        std::error_code error;
        all = fs::file_size(*exchange.upload, error);
        from = ::open(exchange.upload->c_str(), O_RDONLY | O_CLOEXEC);
        if (error || from < 0)
            return fail(Fault::storage_unavailable, fmt::format("{} cannot be read.", exchange.upload->string()));
    }
    if (exchange.into) {
        into = ::open(exchange.into->c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (into < 0)
            return fail(Fault::storage_unavailable, fmt::format("{} cannot be made, or is there already: {}.",
                                                                exchange.into->string(), std::strerror(errno)));
    }
    return {};
}

void set_method(const Handle& handle, Method method, const Course& course) {
    switch (method) {
        case Method::get:
            return;
        case Method::head:
            set(handle, CURLOPT_NOBODY, 1L);
            return;
        case Method::put:
            set(handle, CURLOPT_UPLOAD, 1L);
            set(handle, CURLOPT_READFUNCTION, &give);
            set(handle, CURLOPT_READDATA, const_cast<Course*>(&course));
            set(handle, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(course.all));
            return;
        case Method::remove:
            set(handle, CURLOPT_CUSTOMREQUEST, "DELETE");
            return;
    }
}

}  // namespace

Result<Answer> carry(const TargetOptions& options, const Exchange& exchange, const store::GoesOn& goes_on) {
    static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    const Handle handle(ready == CURLE_OK ? curl_easy_init() : nullptr);
    if (!handle) return fail(Fault::storage_unavailable, "libcurl does not start; there may be no memory left.");
    TRY(const Reach reach, Reach::of(options.place.host, options.private_ranges));
    Course course{.exchange = exchange, .reach = reach, .goes_on = goes_on, .handle = handle.get()};
    const auto opened = open_files(exchange, course.from, course.into, course.all);
    const File from(course.from), into(course.into);
    TRY_VOID(opened);

    std::array<char, CURL_ERROR_SIZE> detail{};
    const List headers = list_of(exchange.headers), commands = list_of(exchange.commands);
    set(handle, CURLOPT_URL, exchange.url.c_str());
    set(handle, CURLOPT_ERRORBUFFER, detail.data());
    set_limits(handle, options, course);
    set_method(handle, exchange.method, course);
    if (exchange.ssh)
        set(handle, CURLOPT_POSTQUOTE, commands.get());
    else
        set(handle, CURLOPT_HTTPHEADER, headers.get());
    const File key(exchange.ssh ? sign_in(handle, *exchange.ssh) : -1);

    CURLcode code = curl_easy_perform(handle.get());
    if (code == CURLE_OK && course.into >= 0 && ::fsync(course.into) != 0) {
        course.disk_full = true;
        code = CURLE_WRITE_ERROR;
    }
    if (code != CURLE_OK) {
        std::error_code ignored;
        if (exchange.into) fs::remove(*exchange.into, ignored);
        return fail(Fault::storage_unavailable, why(options, course, code),
                    fmt::format("{} {}", why(options, course, code),
                                *detail.data() == '\0' ? curl_easy_strerror(code) : detail.data()));
    }
    long status = 0;
    curl_off_t bytes = 0;
    static_cast<void>(curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status));
    static_cast<void>(curl_easy_getinfo(handle.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &bytes));
    course.answer.status = static_cast<int>(status);
    course.answer.bytes = static_cast<std::uint64_t>(std::max<curl_off_t>(0, bytes));
    return std::move(course.answer);
}

}  // namespace bursar::backup
