using System.Collections.Concurrent;
using Events.Commands.Workspaces;
using Events.Platform.Tenancy;

namespace Events.Http.Auth;

/// <summary>When each token was last used: remembered per request, written in one statement every so often.</summary>
internal sealed partial class TokenUse(ApiTokenSecrets secrets, TimeProvider time, ILogger<TokenUse> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<(TenantId Tenant, Guid TokenId), DateTimeOffset> used = new();

    public void Mark(TenantId tenant, Guid tokenId)
    {
        // One write per token and interval is enough, so what is marked already costs a look-up.
        if (!used.ContainsKey((tenant, tokenId)))
            used[(tenant, tokenId)] = time.GetUtcNow();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await WriteAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await WriteAsync(CancellationToken.None);
        }
    }

    private async Task WriteAsync(CancellationToken ct)
    {
        var uses = new List<(TenantId, Guid, DateTimeOffset)>();
        foreach (var key in used.Keys)
        {
            if (used.TryRemove(key, out var at))
                uses.Add((key.Tenant, key.TokenId, at));
        }
        if (uses.Count == 0)
            return;
        try
        {
            await secrets.MarkUsedAsync(uses, ct);
        }
        catch (Npgsql.NpgsqlException error)
        {
            LogNotWritten(error, uses.Count);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The last use of {Count} tokens was not written.")]
    private partial void LogNotWritten(Exception error, int count);
}
