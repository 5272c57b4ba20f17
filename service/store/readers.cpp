#include "service/store/readers.h"

namespace bursar::store {

Result<std::unique_ptr<Readers>> Readers::open(const std::filesystem::path& file, const Secret& key, int count) {
    std::vector<std::unique_ptr<Connection>> connections;
    for (int i = 0; i < count; ++i) {
        TRY(auto connection, Connection::open(file, key, Access::read_only));
        TRY_VOID(connection->script("PRAGMA cache_size = -512"));
        connections.push_back(std::move(connection));
    }
    return std::unique_ptr<Readers>(new Readers(std::move(connections)));
}

Result<void> Readers::lend(const std::function<Result<void>(Connection&)>& job) {
    std::unique_ptr<Connection> connection;
    {
        const MutexLock lock(mutex_);
        while (free_.empty()) returned_.wait(mutex_);
        connection = std::move(free_.back());
        free_.pop_back();
    }
    auto result = job(*connection);
    connection->take_trouble();
    {
        const MutexLock lock(mutex_);
        free_.push_back(std::move(connection));
    }
    returned_.notify_one();
    return result;
}

}  // namespace bursar::store
