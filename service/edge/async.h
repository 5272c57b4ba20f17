#pragma once

// The one header of ours that names Asio: coroutines, executors and cancellation are the language of the shards.
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

namespace bursar {

namespace asio = boost::asio;

/// A coroutine of a shard: it is resumed by that shard's thread and by no other.
template <typename T = void>
using Task = boost::asio::awaitable<T>;

}  // namespace bursar
