namespace Events.Messaging.RabbitMq;

/// <summary>Section <c>Events:Messaging:RabbitMq</c>: queues that travel over a broker instead of staying in the database.</summary>
public sealed record BrokerOptions
{
    /// <summary><c>amqp://user:password@host:port/vhost</c>; null: no broker.</summary>
    public string? Uri { get; set; }

    /// <summary>Names of queues.</summary>
    public IList<string> Queues { get; set; } = [];

    /// <summary>Messages that may be in flight in one direction.</summary>
    public ushort Window { get; set; } = 200;

    internal bool Carries(string queue) => Uri is not null && Queues.Contains(queue);

    /// <summary>Where a carried queue's messages are worked off once they have arrived.</summary>
    internal static string Arrived(string queue) => $"{queue}@arrived";

    internal IEnumerable<string> Problems()
    {
        if (Uri is not null && !(System.Uri.TryCreate(Uri, UriKind.Absolute, out var uri) && uri.Scheme is "amqp" or "amqps"))
            yield return "Events__Messaging__RabbitMq__Uri takes amqp://user:password@host:port/vhost.";
        if (Window is 0 or > 5000)
            yield return "Events__Messaging__RabbitMq__Window takes 1 to 5000.";
    }
}
