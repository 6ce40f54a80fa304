namespace Events.Platform.Embedded;

/// <summary>
/// Settings for a small machine that PostgreSQL shares with the application. Valid from PostgreSQL 15 on.
/// What makes an acknowledged write durable (fsync, synchronous_commit, full_page_writes) stays at PostgreSQL's default: on.
/// </summary>
internal static class ServerSettings
{
    public static Dictionary<string, string> For(int port, string? sockets)
    {
        var megabytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 20;
        return new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["port"] = port.ToString(),
            ["listen_addresses"] = "127.0.0.1",
            ["unix_socket_directories"] = sockets ?? "",
            ["max_connections"] = "120",
            ["shared_buffers"] = $"{Math.Clamp(megabytes / 16, 64, 512)}MB",
            ["effective_cache_size"] = $"{Math.Clamp(megabytes / 2, 128, 16384)}MB",
            ["work_mem"] = "8MB",
            ["maintenance_work_mem"] = $"{Math.Clamp(megabytes / 16, 64, 256)}MB",
            // One server, no replicas: the log needs only what recovery needs.
            ["wal_level"] = "minimal",
            ["max_wal_senders"] = "0",
            ["wal_buffers"] = "16MB",
            ["min_wal_size"] = "256MB",
            ["max_wal_size"] = "2GB",
            ["checkpoint_timeout"] = "15min",
            ["random_page_cost"] = "1.1",
            // Short statements by the thousand: compiling one costs more than running it.
            ["jit"] = "off",
            ["autovacuum_naptime"] = "20s",
            ["timezone"] = "UTC",
            ["log_timezone"] = "UTC",
            ["log_checkpoints"] = "off",
        };
    }
}
