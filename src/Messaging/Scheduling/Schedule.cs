namespace Events.Messaging.Scheduling;

/// <summary>A message that is sent again and again, as the program declares it.</summary>
internal sealed record Schedule(string Name, CronExpression Cron, TimeZoneInfo TimeZone, object Message);
