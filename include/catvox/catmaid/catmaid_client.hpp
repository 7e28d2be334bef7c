#pragma once

#include <catvox/catmaid/grouped_stacks.hpp>
#include <catvox/catmaid/id_or_title.hpp>
#include <catvox/catmaid/stack.hpp>
#include <catvox/catmaid/stack_group.hpp>
#include <catvox/catmaid/stack_info.hpp>
#include <catvox/core/export.hpp>
#include <catvox/http/session.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace catvox {

/// Where a CATMAID server is and who asks.
struct ClientOptions {
  std::string server{};                              ///< "https://host/path", or a folder as "file:///path/to/export"
  std::optional<std::int64_t> project_id{};          ///< needed by everything but projects()
  std::string api_token{};                           ///< sent to the server's API only, never to a mirror
  std::string http_user{};                           ///< HTTP Basic, for the server's origin
  std::string http_password{};                       ///< its password
  std::optional<HttpSession> session{};              ///< connections; its secrets go to the server's origin only
  bool allow_file_mirrors = false;                   ///< whether an http(s) server may point at local folders
  bool forbidden_is_missing = false;                 ///< see StackOptions
  std::size_t cache_bytes = std::size_t{256} << 20;  ///< see StackOptions; for each Stack
  bool read_ahead = true;                            ///< see StackOptions
  std::chrono::milliseconds metadata_timeout{120'000};  ///< for each answer of the API; see StackOptions
};

/// Asks a CATMAID server, or a folder laid out like one, for projects, stacks and mirrors.
///
/// Every call makes its requests anew, and ends early with its stop token. Copies share connections. All members are
/// const and thread-safe. What the server does not know is Error{not_found}, whatever the status it says that with.
class CATVOX_EXPORT CatmaidClient {
 public:
  /// Makes no request. \throws Error{invalid_argument} if `server` is not an absolute http:, https: or file: URL
  explicit CatmaidClient(ClientOptions options);

  /// From CATMAID_SERVER, CATMAID_PROJECT_ID, CATMAID_API_TOKEN, CATMAID_HTTP_USER and CATMAID_HTTP_PASSWORD.
  /// \throws Error{invalid_argument} naming a variable that is missing (the first) or wrong
  static CatmaidClient from_environment();

  /// Every project that the user may see. A folder holds them in projects.json.
  [[nodiscard]] std::vector<ProjectSummary> projects(const std::stop_token& stop = {}) const;

  /// Every stack of the project.
  [[nodiscard]] std::vector<StackSummary> stacks(const std::stop_token& stop = {}) const;

  /// \throws Error{not_found} if there is no such stack; for a title the message lists what there is
  [[nodiscard]] StackInfo stack_info(const IdOrTitle& stack, const std::stop_token& stop = {}) const;

  /// \throws Error{not_found} listing the mirrors
  [[nodiscard]] MirrorInfo mirror_info(const IdOrTitle& stack, const IdOrTitle& mirror,
                                       const std::stop_token& stop = {}) const;

  /// A stack that can be read; no image is read yet.
  [[nodiscard]] Stack stack(const IdOrTitle& stack, const std::stop_token& stop = {}) const;

  /// The project's stack groups. \throws Error{not_found} if the server does not list the project
  [[nodiscard]] std::vector<StackGroupSummary> stack_groups(const std::stop_token& stop = {}) const;

  /// \throws Error{not_found} if there is no such group; for a title the message lists what there is
  [[nodiscard]] StackGroup stack_group(const IdOrTitle& group, const std::stop_token& stop = {}) const;

  /// The stacks of a group, each to be read; no image is read yet. \throws Error as stack_group() and stack()
  [[nodiscard]] GroupedStacks open_group(const IdOrTitle& group, const std::stop_token& stop = {}) const;

  /// Every group that holds the stack. \throws Error{not_found} if there is no such stack
  [[nodiscard]] std::vector<StackGroup> groups_of(const IdOrTitle& stack, const std::stop_token& stop = {}) const;

  /// What the server answers to a GET of `path`, with the client's secrets: for parts of the API that have no function
  /// here. At most 16 MiB.
  /// \param path  below the server's URL, encoded: "1/skeletons/?nodecount_gt=5"
  /// \throws Error{not_found, unauthorized, server_error, …} naming the URL, with the server's words
  [[nodiscard]] std::string get(std::string_view path, const std::stop_token& stop = {}) const;

 private:
  [[nodiscard]] std::string path_id(const IdOrTitle& stack, const std::stop_token& stop) const;
  [[nodiscard]] std::string get_of_project(std::string_view path, const std::stop_token& stop) const;
  [[nodiscard]] std::int64_t project_id() const;

  ClientOptions options_;
  HttpSession session_;
  std::shared_ptr<const Credentials> api_credentials_;
};

}  // namespace catvox
