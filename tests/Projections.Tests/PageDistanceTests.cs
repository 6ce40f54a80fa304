using Events.Projections.Engine;
using Shouldly;

namespace Events.Projections.Tests;

public sealed class PageDistanceTests
{
    private readonly PageDistance distance = new(TimeSpan.FromMilliseconds(8));

    [Fact]
    public void Short_pages_are_begun_at_the_shortest_distance()
    {
        distance.After(TimeSpan.FromMilliseconds(3)).ShouldBe(TimeSpan.FromMilliseconds(5));
        distance.Now.ShouldBe(TimeSpan.FromMilliseconds(8));
    }

    [Fact]
    public void Pages_that_take_most_of_the_time_are_taken_less_often_up_to_a_bound()
    {
        var distances = new List<double>();
        for (var i = 0; i < 40; i++)
        {
            distance.After(distance.Now * 0.75);
            distances.Add(distance.Now.TotalMilliseconds);
        }

        distances.ShouldBe(distances.Order());
        distances[^1].ShouldBe(64);
        distance.After(TimeSpan.FromMilliseconds(48)).ShouldBe(TimeSpan.FromMilliseconds(16));
    }

    [Fact]
    public void One_slow_page_is_no_flood()
    {
        distance.After(TimeSpan.FromMilliseconds(2));
        distance.After(TimeSpan.FromMilliseconds(20));
        distance.Now.ShouldBeLessThan(TimeSpan.FromMilliseconds(11));

        distance.After(TimeSpan.FromMilliseconds(2));
        distance.After(TimeSpan.FromMilliseconds(2));

        distance.Now.ShouldBe(TimeSpan.FromMilliseconds(8));
    }

    [Fact]
    public void A_page_longer_than_the_distance_is_followed_at_once() =>
        distance.After(TimeSpan.FromMilliseconds(500)).ShouldBe(TimeSpan.Zero);

    [Fact]
    public void When_there_is_little_to_do_the_distance_comes_back()
    {
        for (var i = 0; i < 20; i++)
            distance.After(TimeSpan.FromSeconds(1));

        for (var i = 0; i < 20; i++)
            distance.After(TimeSpan.FromMilliseconds(1));

        distance.Now.ShouldBe(TimeSpan.FromMilliseconds(8));
    }

    [Fact]
    public void A_few_events_end_the_stretch_at_once()
    {
        for (var i = 0; i < 20; i++)
            distance.After(TimeSpan.FromSeconds(1));

        distance.Reset();

        distance.Now.ShouldBe(TimeSpan.FromMilliseconds(8));
    }

    [Fact]
    public void Without_a_distance_nothing_waits() =>
        new PageDistance(TimeSpan.Zero).After(TimeSpan.FromMilliseconds(1)).ShouldBe(TimeSpan.Zero);
}
