using System.Collections.Concurrent;
using Events.Messaging.Handlers;

namespace Events.Http.Tests.Jobs;

/// <summary>A job that goes as a test says: <c>fail</c> until it is repaired, <c>hang</c> until it is cancelled, <c>linger</c> until it is repaired
/// whoever cancels it, or <c>work</c>.</summary>
internal sealed record Trouble(string How)
{
    /// <summary>Jobs whose trouble is over.</summary>
    public static ConcurrentDictionary<Guid, bool> Repaired { get; } = new();

    public static void Register(MessagingBuilder messaging) => messaging.Handle<Trouble, TroubleHandler>(
        "trouble", queue: "troubles", isJob: true, retry: new() { Attempts = 5, FirstDelay = TimeSpan.FromMilliseconds(10), Factor = 1 });
}

internal sealed class TroubleHandler : IMessageHandler<Trouble>
{
    public async Task Handle(Trouble message, MessageContext context, CancellationToken ct)
    {
        context.Progress(1, 2, "Half of it");
        if (message.How == "hang")
            await Task.Delay(Timeout.Infinite, ct);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var look = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (message.How == "linger" && !Trouble.Repaired.ContainsKey(context.MessageId))
            await look.WaitForNextTickAsync(limit.Token);
        if (message.How == "fail" && !Trouble.Repaired.ContainsKey(context.MessageId))
            throw new InvalidOperationException($"Attempt {context.Attempt} failed.");
        context.SetResult(new { Worked = true });
    }
}
