namespace Events.Platform.Postgres;

/// <summary>What somebody wants to hear of. Everything here is called by the session itself, one at a time, and must be quick.</summary>
public sealed class NotificationSubscription
{
    /// <param name="channels">Lower-case names of letters, digits and underscores.</param>
    /// <param name="heard">Channel and payload.</param>
    /// <exception cref="ArgumentException">Another kind of name.</exception>
    public NotificationSubscription(IReadOnlyCollection<string> channels, Action<string, string> heard)
    {
        if (channels.Any(c => c.Length == 0 || !c.All(l => char.IsAsciiLetterLower(l) || char.IsAsciiDigit(l) || l == '_')))
            throw new ArgumentException("A channel's name has lower-case letters, digits and underscores.", nameof(channels));
        Channels = channels;
        Heard = heard;
    }

    public IReadOnlyCollection<string> Channels { get; }

    public Action<string, string> Heard { get; }

    /// <summary>The session listens, for the first time or again: look for what was said before. A failure ends the session.</summary>
    public Func<CancellationToken, Task> Listening { get; init; } = _ => Task.CompletedTask;

    /// <summary>The session is gone; nothing is heard until <see cref="Listening"/> is called again.</summary>
    public Action? Lost { get; init; }
}
