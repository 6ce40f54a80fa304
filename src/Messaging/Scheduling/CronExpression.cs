using System.Globalization;

namespace Events.Messaging.Scheduling;

/// <summary>
/// Minute, hour, day of month, month, day of week; or six fields with seconds first. Each field takes <c>*</c>, numbers,
/// ranges, lists and steps, months and days also by their first three letters. As in cron, when both days are restricted
/// either may match.
/// </summary>
public sealed class CronExpression
{
    private static readonly string[] Months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    private static readonly string[] Days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    private readonly string text;
    private readonly ulong seconds;
    private readonly ulong minutes;
    private readonly ulong hours;
    private readonly ulong days;
    private readonly ulong months;
    private readonly ulong weekdays;
    private readonly bool anyDay;
    private readonly bool anyWeekday;

    private CronExpression(string text, string[] fields)
    {
        this.text = text;
        var first = fields.Length - 5;
        seconds = first == 1 ? Parse(fields[0], 0, 59, []) : 1;
        minutes = Parse(fields[first], 0, 59, []);
        hours = Parse(fields[first + 1], 0, 23, []);
        days = Parse(fields[first + 2], 1, 31, []);
        months = Parse(fields[first + 3], 1, 12, Months);
        weekdays = Parse(fields[first + 4], 0, 7, Days);
        // Sunday is 0 and 7.
        weekdays |= weekdays >> 7 & 1;
        anyDay = fields[first + 2].StartsWith('*');
        anyWeekday = fields[first + 4].StartsWith('*');
    }

    /// <exception cref="FormatException">What is wrong with it.</exception>
    public static CronExpression Parse(string text)
    {
        var fields = text.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return fields.Length is 5 or 6
            ? new CronExpression(text, fields)
            : throw new FormatException($"\"{text}\" is no cron expression: it has {fields.Length} fields, not 5 or 6.");
    }

    /// <summary>
    /// The first match after a moment. A local time that a clock change skips is moved behind the gap; one that comes
    /// twice is taken once. Null: never (such as 30 February).
    /// </summary>
    public DateTimeOffset? Next(DateTimeOffset after, TimeZoneInfo zone)
    {
        var local = TimeZoneInfo.ConvertTime(after, zone).DateTime;
        local = new DateTime(local.Ticks - (local.Ticks % TimeSpan.TicksPerSecond), DateTimeKind.Unspecified).AddSeconds(1);
        var end = local.AddYears(8);
        while (local < end)
        {
            if (!Has(months, local.Month))
                local = new DateTime(local.Year, local.Month, 1).AddMonths(1);
            else if (!DayMatches(local))
                local = local.Date.AddDays(1);
            else if (!Has(hours, local.Hour))
                local = local.Date.AddHours(local.Hour + 1);
            else if (!Has(minutes, local.Minute))
                local = new DateTime(local.Year, local.Month, local.Day, local.Hour, local.Minute, 0).AddMinutes(1);
            else if (!Has(seconds, local.Second))
                local = local.AddSeconds(1);
            else if (ToUtc(local, zone) is var moment && moment > after)
                return moment;
            else
                local = local.AddSeconds(1);
        }

        return null;
    }

    public override string ToString() => text;

    private static DateTimeOffset ToUtc(DateTime local, TimeZoneInfo zone)
    {
        // Gaps are an hour at most nearly everywhere; minutes at a time finds the end of any.
        while (zone.IsInvalidTime(local))
            local = local.AddMinutes(1);
        var offset = zone.IsAmbiguousTime(local) ? zone.GetAmbiguousTimeOffsets(local).Max() : zone.GetUtcOffset(local);
        return new DateTimeOffset(local, offset).ToUniversalTime();
    }

    private bool DayMatches(DateTime local)
    {
        var day = Has(days, local.Day);
        var weekday = Has(weekdays, (int)local.DayOfWeek);
        return anyDay || anyWeekday ? day && weekday : day || weekday;
    }

    private static bool Has(ulong set, int value) => (set >> value & 1) == 1;

    private static ulong Parse(string field, int lowest, int highest, string[] names)
    {
        ulong set = 0;
        foreach (var part in field.Split(','))
        {
            var step = part.Split('/');
            var every = step.Length == 1 ? 1 : Number(step[1], 1, highest, []);
            var range = step[0].Split('-');
            var from = range[0] == "*" ? lowest : Number(range[0], lowest, highest, names);
            var to = range.Length > 1 ? Number(range[1], lowest, highest, names)
                : range[0] == "*" || step.Length > 1 ? highest : from;
            if (step.Length > 2 || range.Length > 2 || to < from)
                throw new FormatException($"\"{part}\" is no part of a cron expression.");
            for (var value = from; value <= to; value += every)
                set |= 1UL << value;
        }

        return set;
    }

    private static int Number(string text, int lowest, int highest, string[] names)
    {
        var named = Array.FindIndex(names, n => n.Equals(text, StringComparison.OrdinalIgnoreCase));
        if (named >= 0)
            return lowest == 1 ? named + 1 : named;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= lowest && value <= highest
            ? value
            : throw new FormatException($"\"{text}\" is not a number from {lowest} to {highest}.");
    }
}
