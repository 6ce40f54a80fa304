using Events.Messaging.Scheduling;

namespace Events.Messaging.Tests.Scheduling;

public sealed class CronExpressionTests
{
    private static readonly TimeZoneInfo Berlin = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");

    [Theory]
    [InlineData("* * * * *", "2026-11-21T09:15:30Z", "2026-11-21T09:16:00Z")]
    [InlineData("*/15 * * * *", "2026-11-21T09:15:00Z", "2026-11-21T09:30:00Z")]
    [InlineData("0 3 * * *", "2026-11-21T09:15:00Z", "2026-11-22T03:00:00Z")]
    [InlineData("0 0 1 jan *", "2026-11-21T09:15:00Z", "2027-01-01T00:00:00Z")]
    [InlineData("30 8 * * mon-fri", "2026-11-21T09:15:00Z", "2026-11-23T08:30:00Z")]
    [InlineData("0 0 29 2 *", "2026-11-21T09:15:00Z", "2028-02-29T00:00:00Z")]
    [InlineData("0 0 13 * 5", "2026-11-21T09:15:00Z", "2026-11-27T00:00:00Z")]
    [InlineData("0 12 * * 7", "2026-11-21T09:15:00Z", "2026-11-22T12:00:00Z")]
    [InlineData("*/5 * * * * *", "2026-11-21T09:15:31Z", "2026-11-21T09:15:35Z")]
    [InlineData("5,10-12 9 * * *", "2026-11-21T09:10:00Z", "2026-11-21T09:11:00Z")]
    public void Finds_the_next_time(string cron, string after, string expected) =>
        CronExpression.Parse(cron).Next(DateTimeOffset.Parse(after), TimeZoneInfo.Utc).ShouldBe(DateTimeOffset.Parse(expected));

    [Fact]
    public void A_time_that_a_clock_change_skips_runs_behind_the_gap() =>
        CronExpression.Parse("30 2 * * *").Next(DateTimeOffset.Parse("2026-03-28T12:00:00Z"), Berlin).ShouldBe(DateTimeOffset.Parse("2026-03-29T01:00:00Z"));

    [Fact]
    public void A_time_that_comes_twice_runs_once()
    {
        var cron = CronExpression.Parse("30 2 * * *");

        var first = cron.Next(DateTimeOffset.Parse("2026-10-24T12:00:00Z"), Berlin)!.Value;
        var second = cron.Next(first, Berlin);

        first.ShouldBe(DateTimeOffset.Parse("2026-10-25T00:30:00Z"));
        second.ShouldBe(DateTimeOffset.Parse("2026-10-26T01:30:00Z"));
    }

    [Fact]
    public void A_day_that_never_comes_is_never() =>
        CronExpression.Parse("0 0 30 2 *").Next(DateTimeOffset.Parse("2026-11-21T09:15:00Z"), TimeZoneInfo.Utc).ShouldBeNull();

    [Theory]
    [InlineData("")]
    [InlineData("* * * *")]
    [InlineData("60 * * * *")]
    [InlineData("* * * * 8")]
    [InlineData("5-1 * * * *")]
    [InlineData("a * * * *")]
    [InlineData("*/0 * * * *")]
    public void Nonsense_is_refused(string cron) => Should.Throw<FormatException>(() => CronExpression.Parse(cron));
}
